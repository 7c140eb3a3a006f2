import type { Contracts } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { workerError } from '../../errors/codes/worker.js'
import type { Logger } from '../log/Logger.js'
import type { TxSigner } from '../publish/TxSigner.js'
import { submitterTerm } from './submitterTerm.js'

/**
 * Checks that the operator has named this key. What becomes of its term is for `SubmitterWatch`.
 * @throws GevulotError WORKER_NOT_SUBMITTER, CHAIN_RPC_UNAVAILABLE
 */
export async function assertSubmitter(
  contracts: Contracts,
  signer: Pick<TxSigner, 'address' | 'operator'>,
  clock: Clock,
  log: Logger,
): Promise<void> {
  const { address: key, operator } = signer
  const until = await submitterTerm(contracts, signer)
  if (until <= clock.now() / 1000) {
    const since = until === 0 ? 'it was never named, or taken back' : `its term ended at ${isoOf(until)}`
    const message = `${key} is no submitter key of ${operator}: ${since}`
    throw workerError('WORKER_NOT_SUBMITTER', message, { details: { key, operator, until } })
  }
  log.info('acting with a submitter key', { stage: 'start', key, operator, until: isoOf(until) })
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
