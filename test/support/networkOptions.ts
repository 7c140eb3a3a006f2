import { writeDeploymentRecord } from '../../sdk/src/deploy/deploy.js'
import type { Network } from './network.js'

/** Writes a network's record to a folder, and says by which options of a command it is found. */
export function networkOptions({ chain, record }: Network, directory: string): string[] {
  return ['--rpc-url', chain.url, '--deployment', writeDeploymentRecord(record, directory)]
}
