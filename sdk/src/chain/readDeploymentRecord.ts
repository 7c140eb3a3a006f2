import { readFile } from 'node:fs/promises'
import { chainError } from '../errors/codes/chain.js'
import { parseDeploymentRecord, type DeploymentRecord } from './deployment.js'

/**
 * Reads a deployment record from its file.
 * @example
 * const deployment = deploymentOf(await readDeploymentRecord('deployments/31337.json'))
 * @throws GevulotError CHAIN_DEPLOYMENT_INVALID
 */
export async function readDeploymentRecord(path: string): Promise<DeploymentRecord> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    throw chainError('CHAIN_DEPLOYMENT_INVALID', `cannot read ${path}`, { cause })
  }
  return parseDeploymentRecord(bytes)
}
