import type { Contracts } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../log/Logger.js'
import { TRANSACTION_LIMITS } from '../../chain/transactionLimits.js'
import { checkProof } from './checkProof.js'
import { failed, refused } from './Ended.js'
import { gasToReveal } from './gasToReveal.js'
import type { KeptProof } from './ProofStore.js'
import type { RelayReach } from '../publish/RelayReach.js'
import type { WorkOrder } from './WorkOrder.js'

/** Why a proof can never be paid: it cannot be sent, or the program's verifier contract does not accept it. Undefined when it can. */
export type ProofCheck = (order: WorkOrder, kept: KeptProof, signal: AbortSignal) => Promise<string | undefined>

const RETRY_MS = 1_000

/**
 * Looks whether a proof can be sent, then asks the verifier contract, again and again while no endpoint answers: a proof that nobody can show to it, or that it
 * refuses, must never be committed to.
 */
export function proofCheck(parts: {
  readonly contracts: Contracts
  /** Highest gas limit of a transaction of this worker. */
  readonly maxGas: bigint
  readonly reach: Pick<RelayReach, 'excess'>
  readonly clock: Clock
  readonly log: Logger
}): ProofCheck {
  const { contracts, maxGas, reach, clock, log } = parts
  return async (order, kept, signal) => {
    const gas = gasToReveal(order.program.verifierGas, kept.publicInputs, kept.proof)
    if (gas > maxGas) {
      const takes = `to show the proof takes up to ${gas} gas`
      if (gas > TRANSACTION_LIMITS.gas) return `${takes}, more than a transaction may have`
      // Others may have a higher one.
      throw refused(`${takes}, more than maxGas (${maxGas})`)
    }
    for (;;) {
      try {
        const excess = await reach.excess(order.program, kept.publicInputs, kept.proof)
        // What may pass is looked at again before the commitment, for as long as that has time.
        if (excess?.isPassing === false) throw refused(excess.why)
        return (await checkProof(contracts, order, kept)) ? undefined : 'the verifier refuses the proof'
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
