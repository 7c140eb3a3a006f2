import type { Contracts } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../log/Logger.js'
import { checkProof } from './checkProof.js'
import { failed } from './Ended.js'
import type { KeptProof } from './ProofStore.js'
import type { WorkOrder } from './WorkOrder.js'

/** Whether a program's verifier contract accepts a proof. */
export type ProofCheck = (order: WorkOrder, kept: KeptProof, signal: AbortSignal) => Promise<boolean>

const RETRY_MS = 1_000

/** Asks the verifier contract, again and again while no endpoint answers: a proof that it refuses must never be committed to. */
export function proofCheck(parts: {
  readonly contracts: Contracts
  readonly clock: Clock
  readonly log: Logger
}): ProofCheck {
  const { contracts, clock, log } = parts
  return async (order, kept, signal) => {
    for (;;) {
      try {
        return await checkProof(contracts, order, kept)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof GevulotError && error.retryable)) throw error
        log.warn('the proof cannot be checked now', { workload: order.workload, stage: 'proved', error })
        if (order.secondsLeft() < 1) throw failed('OutOfTime', 'the proof could not be checked in time')
        await clock.sleep(RETRY_MS, signal)
      }
    }
  }
}
