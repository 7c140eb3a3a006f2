import { GevulotError } from '../errors/GevulotError.js'
import type { Client } from './Client.js'

/** Options of {@link whileUnknown}. */
export interface WhileUnknownOptions {
  /** Milliseconds that the endpoint may be away; none by default. */
  readonly outageMs?: number
  readonly signal?: AbortSignal
}

/**
 * Does again what says that it does not know a workload, as long as a transaction may take (`transactionTimeoutMs`): one URL often stands for several nodes,
 * and the one that answers may lag behind the one that took the submission.
 * @throws GevulotError CLIENT_WORKLOAD_UNKNOWN when it stays unknown; whatever else `act` throws; the reason of `signal`.
 */
export async function whileUnknown<Result>(
  { clock, settings }: Client,
  act: () => Promise<Result>,
  { outageMs = 0, signal }: WhileUnknownOptions = {},
): Promise<Result> {
  const began = clock.elapsed()
  for (;;) {
    try {
      return await act()
    } catch (error) {
      const isUnknown = GevulotError.is(error, 'CLIENT_WORKLOAD_UNKNOWN')
      if (!isUnknown && !GevulotError.is(error, 'CHAIN_RPC_UNAVAILABLE')) throw error
      if (clock.elapsed() - began >= (isUnknown ? settings.transactionTimeoutMs : outageMs)) throw error
    }
    await clock.sleep(settings.pollMs, signal)
  }
}
