import { AbiCoder, keccak256 } from 'ethers'
import type { Contracts } from './connect.js'
import type { MarketEvent, WorkloadEvent } from './events.js'
import type { Digest } from '../content/digest.js'
import { ZERO_BYTES32, type Address, type Bytes32, type WorkloadId } from './hex.js'
import { readSlot, type At } from './readWorkloadState.js'

/** A revealed proof as the committee's draw wants it. */
export interface CommitteeReveal {
  /** Commit order. */
  readonly order: number
  readonly operator: Address
  readonly proofDigest: Digest
}

/** What {@link Contracts.committee} needs to draw a committee. */
export interface JudgingLists {
  /** In the order of the reveals. */
  readonly reveals: readonly CommitteeReveal[]
  /** Seats that committed and did not reveal. */
  readonly unrevealed: readonly number[]
}

/** The reveals to a committee among a workload's events, in their order. */
export function revealsOf(events: Iterable<WorkloadEvent>): MarketEvent<'RevealedToCommittee'>[] {
  const reveals: MarketEvent<'RevealedToCommittee'>[] = []
  for (const event of events) if (event.name === 'RevealedToCommittee') reveals.push(event)
  return reveals
}

/** The chained hash of reveals, in their order: what the market keeps of them and a verdict names. */
export function chainedReveals(reveals: Iterable<CommitteeReveal>): Bytes32 {
  let hash = ZERO_BYTES32
  for (const { order, operator, proofDigest } of reveals) {
    const words = AbiCoder.defaultAbiCoder().encode(
      ['bytes32', 'uint256', 'address', 'bytes32'],
      [hash, order, operator, proofDigest],
    )
    hash = keccak256(words) as Bytes32
  }
  return hash
}

/**
 * Lists all commits of a workload whose reveals are over.
 * @param events The events of the workload so far.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function readJudgingLists(
  contracts: Contracts,
  workload: WorkloadId,
  events: readonly WorkloadEvent[],
  at: At = 'latest',
): Promise<JudgingLists> {
  const reveals = revealsOf(events)
  const revealed = new Set(reveals.map(({ args }) => args.seat))
  const unrevealed: number[] = []
  for (const event of events) {
    if (event.name !== 'Committed' || revealed.has(event.args.seat)) continue
    const { state } = await readSlot(contracts, workload, event.args.seat, at)
    if (state === 'Committed') unrevealed.push(event.args.seat)
  }
  return {
    reveals: reveals.map(({ args }) => ({
      order: args.order,
      operator: args.operator,
      proofDigest: args.proofDigest,
    })),
    unrevealed,
  }
}
