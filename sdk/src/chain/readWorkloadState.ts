import { asChainError } from './asChainError.js'
import type { Contracts } from './connect.js'
import type { Hex } from './hex.js'
import {
  FAIL_REASONS,
  nameAt,
  OUTCOMES,
  PHASES,
  SLOT_STATES,
  type FailReason,
  type Outcome,
  type Phase,
  type SlotState,
} from './names.js'

/** A workload's stored state. Times are Unix seconds; zero where the phase has no such value. */
export interface WorkloadState {
  readonly phase: Phase
  readonly outcome: Outcome
  /** Whole fee in token units, while Pending; from the draw on zero: the terms of the spec name it. */
  readonly fee: bigint
  /** Beacon round, while Pending. */
  readonly round: number
  /** Epoch drawn from, while Pending. */
  readonly epoch: number
  /** Time of the draw. */
  readonly startedAt: number
  /** Last second for commits. */
  readonly deadline: number
  readonly closedEarly: boolean
  readonly redundancy: number
  readonly vacated: number
  readonly accepted: number
  readonly committedOwn: number
  readonly commits: number
  readonly valid: number
  readonly invalid: number
  /** Whether a committee judges the proofs; told while Proving. */
  readonly judged: boolean
  /** Reveals a committee has to judge. */
  readonly revealed: number
  readonly failReason: FailReason
  /** Time of the first step of a cancel; zero for none. */
  readonly cancelRequestedAt: number
  /** Whether nobody has to answer any more. */
  readonly dutyEnded: boolean
}

/** The slot word of a seat for one workload. */
export interface SlotView {
  readonly state: SlotState
  /** 15 for a commit to an open slot. */
  readonly slot: number
  readonly order: number
  /** The operator, or between commit and reveal the commitment. */
  readonly payload: bigint
  /** Whether the slot counts as accepted in time. */
  readonly held: boolean
  readonly reason: FailReason
}

/** The block to read at: a number, or the newest. */
export type At = number | 'latest'

/**
 * Reads a workload's stored state.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function readWorkloadState(
  contracts: Contracts,
  workload: Hex,
  at: At = 'latest',
): Promise<WorkloadState> {
  try {
    const state = await contracts.market.workloadOf(workload, { blockTag: at })
    return {
      phase: nameAt(PHASES, state.phase),
      outcome: nameAt(OUTCOMES, state.outcome),
      fee: state.fee,
      round: Number(state.round),
      epoch: Number(state.epoch),
      startedAt: Number(state.startedAt),
      deadline: Number(state.deadline),
      closedEarly: state.closedEarly,
      redundancy: Number(state.redundancy),
      vacated: Number(state.vacated),
      accepted: Number(state.accepted),
      committedOwn: Number(state.committedOwn),
      commits: Number(state.commits),
      valid: Number(state.valid),
      invalid: Number(state.invalid),
      judged: state.judged,
      revealed: Number(state.revealed),
      failReason: nameAt(FAIL_REASONS, state.failReason),
      cancelRequestedAt: Number(state.cancelRequestedAt),
      dutyEnded: state.dutyEnded,
    }
  } catch (error) {
    throw asChainError(error, `reading workload ${workload}`)
  }
}

/**
 * Reads the slot word of a seat for a workload; state Free when it holds none.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function readSlot(
  contracts: Contracts,
  workload: Hex,
  seat: number,
  at: At = 'latest',
): Promise<SlotView> {
  try {
    const view = await contracts.market.slotOf(workload, seat, { blockTag: at })
    return {
      state: nameAt(SLOT_STATES, view.state),
      slot: Number(view.slot),
      order: Number(view.order),
      payload: view.payload,
      held: view.held,
      reason: nameAt(FAIL_REASONS, view.reason),
    }
  } catch (error) {
    throw asChainError(error, `reading the slot of seat ${seat}`)
  }
}
