import { asChainError } from './asChainError.js'
import type { Contracts } from './connect.js'
import { toAddress, type Address, type Bytes32, type Hex } from './hex.js'
import { JUDGING_STAGES, nameAt, type JudgingStage } from './names.js'
import type { At } from './readWorkloadState.js'
import { isIn } from './isIn.js'

/** The judging of a workload. Sets of proofs are numbers with bit k for commit order k; times are Unix seconds. */
export interface Judgment {
  readonly stage: JudgingStage
  /** From 1; the appeal is number 4. */
  readonly attempt: number
  /** Attempts opened so far, without the appeal. */
  readonly attempts: number
  readonly appealed: boolean
  /** Zero while the beacon names none: the attempt waits to be opened again. */
  readonly round: number
  readonly epoch: number
  /** Last second for answers; zero before the committee is drawn. */
  readonly until: number
  readonly revealed: number
  readonly decided: number
  /** As it stands; the verdict from `Appealable` on. */
  readonly valid: number
  /** Chained hash of the reveals, part of what members sign. */
  readonly proofs: Bytes32
  readonly appellant: Address
  /** The appeal's bond, token units. */
  readonly bond: bigint
}

/** A member of a committee. */
export interface CommitteeMember {
  /** Number in the committee. */
  readonly member: number
  readonly seat: number
  readonly answered: boolean
  /** What it found valid; zero before it answered. */
  readonly vote: number
}

/**
 * Reads the judging of a workload as of a block.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function readJudgment(contracts: Contracts, workload: Hex, at: At = 'latest'): Promise<Judgment> {
  try {
    const judgment = await contracts.committee.judgmentOf(workload, { blockTag: at })
    return {
      stage: nameAt(JUDGING_STAGES, judgment.stage),
      attempt: Number(judgment.attempt),
      attempts: Number(judgment.attempts),
      appealed: judgment.appealed,
      round: Number(judgment.round),
      epoch: Number(judgment.epoch),
      until: Number(judgment.until),
      revealed: Number(judgment.revealed),
      decided: Number(judgment.decided),
      valid: Number(judgment.valid),
      proofs: judgment.proofs as Bytes32,
      appellant: toAddress(judgment.appellant),
      bond: judgment.bond,
    }
  } catch (error) {
    throw asChainError(error, `reading the judging of workload ${workload}`)
  }
}

/**
 * Reads the committee of an attempt; empty before it is drawn.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function readCommittee(
  contracts: Contracts,
  workload: Hex,
  attempt: number,
  at: At = 'latest',
): Promise<CommitteeMember[]> {
  try {
    const { seats, answered, votes } = await contracts.committee.membersOf(workload, attempt, { blockTag: at })
    return seats.map((seat, member) => ({
      member,
      seat: Number(seat),
      answered: isIn(Number(answered), member),
      vote: Number(votes[member]),
    }))
  } catch (error) {
    throw asChainError(error, `reading the committee of workload ${workload}`)
  }
}
