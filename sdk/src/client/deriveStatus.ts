import type { Outcome } from '../chain/names.js'
import type { Judgment } from '../chain/readJudgment.js'
import type { WorkloadState } from '../chain/readWorkloadState.js'
import type { Rules } from '../chain/rules.js'
import type { Terms } from '../chain/terms.js'
import type { ExpiryReason, Ledger, WorkloadStatus } from './Workload.js'

/** The registry's clock. */
export interface Epochs {
  /** Unix time of the start of epoch 1. */
  readonly genesis: number
  /** Seconds. */
  readonly length: number
}

/** Everything a status is derived from. */
export interface StatusFacts {
  readonly state: WorkloadState
  readonly terms: Terms
  readonly rules: Rules
  /** Unix time. */
  readonly time: number
  readonly epochs: Epochs
  /** Whether the beacon round of a pending workload is still open. */
  readonly roundOpen: boolean
  /** From the Finished event. */
  readonly finished?: Ledger
  /** Of a workload that a committee judges, once its reveals are over. */
  readonly judgment?: Judgment
}

/** Epochs after the one drawn from in which a draw is still possible. Mirrors `WorkloadStore.ASSIGN_EPOCHS`. */
const ASSIGN_EPOCHS = 3
/** Longest response window the word can hold. Mirrors `WorkloadWordLib.MAX_RESPONSE`. */
const MAX_RESPONSE = 511

/**
 * The status of a workload from its stored state and the time: nobody has to poke a deadline. Source: design section 3,
 * contracts/market.
 */
export function deriveStatus(facts: StatusFacts): WorkloadStatus {
  const { state } = facts
  switch (state.phase) {
    case 'None':
    case 'Pending':
      return pending(facts)
    case 'Proving':
      return proving(facts)
    case 'Final':
      return final(state.outcome, facts.finished ?? { paid: 0n, refunded: 0n, burned: 0n })
  }
}

function pending({ state, time, epochs, roundOpen }: StatusFacts): WorkloadStatus {
  const assignUntil = epochs.genesis + (state.epoch + ASSIGN_EPOCHS) * epochs.length - 1
  if (time > assignUntil) return { status: 'settleable', outcome: 'Unserved' }
  return { status: 'pending', round: state.round, cancelFree: roundOpen, assignUntil }
}

function proving({ state, terms, rules, time, judgment }: StatusFacts): WorkloadStatus {
  const { startedAt, deadline, commits } = state
  if (!state.closedEarly && time <= deadline) {
    const responseUntil = startedAt + Math.min(rules.responseWindow, Math.floor(terms.maxRunTime / 10), MAX_RESPONSE)
    const rescueAt = startedAt + Math.floor((terms.maxRunTime * terms.rescue) / 100)
    const taken = time >= rescueAt ? state.committedOwn : time > responseUntil ? state.accepted : undefined
    const missing = taken === undefined ? state.vacated : terms.redundancy - taken
    return {
      status: 'proving',
      startedAt,
      responseUntil,
      rescueAt,
      deadline,
      // Mirrors `WorkloadWord.openSlots`: commits that came while a slot was open may be junk, so backups stay welcome.
      openSlots: state.committedOwn === terms.redundancy ? terms.redundancy : missing,
      commits,
      ...(state.failReason !== 'None' && { failReason: state.failReason }),
      ...(state.cancelRequestedAt !== 0 && { cancelFrom: state.cancelRequestedAt + rules.cancelDelay }),
    }
  }
  const revealFrom = deadline + rules.revealDelay
  const revealUntil = revealFrom + rules.revealWindow
  const revealed = state.valid + state.invalid + state.revealed
  if (revealed < commits && time <= revealUntil) {
    return { status: 'revealing', startedAt, commitsClosedAt: deadline, revealFrom, revealUntil, commits, revealed }
  }
  if (judgment !== undefined && state.revealed !== 0) return verifying(state, judgment)
  return { status: 'settleable', outcome: outcomeOf(state) }
}

function verifying({ startedAt, revealed }: WorkloadState, judgment: Judgment): WorkloadStatus {
  const { stage, valid, attempt, until } = judgment
  if (stage === 'Final') return { status: 'settleable', outcome: valid === 0 ? 'InvalidProof' : 'Proven' }
  if (stage === 'GivenUp') return { status: 'settleable', outcome: 'Unjudged' }
  return { status: 'verifying', startedAt, revealed, stage, attempt, verdictUntil: until }
}

/** Mirrors `Settlement._outcomeOf`: counters alone decide. */
function outcomeOf(state: WorkloadState): 'Proven' | ExpiryReason {
  if (state.valid !== 0) return 'Proven'
  if (state.invalid !== 0) return 'InvalidProof'
  if (state.commits !== 0) return 'NotRevealed'
  if (state.accepted !== 0) return 'TimedOut'
  switch (state.failReason) {
    case 'None':
      return 'Unserved'
    case 'OutOfTime':
      return 'TimedOut'
    case 'ProgramFailed':
    case 'InputsUnavailable':
      return state.failReason
  }
}

function final(outcome: Outcome, ledger: Ledger): WorkloadStatus {
  switch (outcome) {
    case 'Proven':
      return { status: 'proven', ...ledger }
    case 'Cancelled':
      return { status: 'cancelled', ...ledger }
    case 'None':
      throw new RangeError('a final workload has an outcome')
    default:
      return { status: 'expired', reason: outcome, ...ledger }
  }
}
