import { asChainError, type Contracts } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { workerError } from '../../errors/codes/worker.js'
import type { Logger } from '../log/Logger.js'
import type { TxSigner } from '../publish/TxSigner.js'

const DAY = 86_400
/** Days before its end from which a key is worth a warning. */
const WARN_DAYS = 14

/**
 * Checks that the operator has named this key, and warns when its term ends soon.
 * @throws GevulotError WORKER_NOT_SUBMITTER, CHAIN_RPC_UNAVAILABLE
 */
export async function assertSubmitter(
  { relay }: Contracts,
  { address: key, operator }: Pick<TxSigner, 'address' | 'operator'>,
  clock: Clock,
  log: Logger,
): Promise<void> {
  let until: number
  try {
    until = Number(await relay.submitterUntil(operator, key))
  } catch (error) {
    throw asChainError(error, 'asking whether the key is a submitter key')
  }
  const left = until - clock.now() / 1000
  if (left <= 0) {
    const since = until === 0 ? 'it was never named, or taken back' : `its term ended at ${isoOf(until)}`
    const message = `${key} is no submitter key of ${operator}: ${since}`
    throw workerError('WORKER_NOT_SUBMITTER', message, { details: { key, operator, until } })
  }
  const about = { stage: 'start', key, operator, until: isoOf(until) }
  if (left < WARN_DAYS * DAY) log.warn('the submitter key can act for a short time only; name it again', about)
  else log.info('acting with a submitter key', about)
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
