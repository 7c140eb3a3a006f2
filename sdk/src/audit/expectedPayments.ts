import type { WorkloadEvent } from '../chain/events.js'
import { OPEN_SLOT } from '../chain/names.js'
import { cancelCompensation, rankShares, releaseCompensation, splitFee, type MoneyRules } from '../chain/rewards.js'
import type { Terms } from '../chain/terms.js'
import type { Hex } from '../chain/hex.js'

/** What a seat was paid. */
export interface Payment {
  readonly seat: number
  /** From 1; 0 for a compensation, or for a valid proof without a rank. */
  readonly rank: number
  /** Token units. */
  readonly paid: bigint
}

/** Where a fee went, without the bounties. */
export interface Payments {
  readonly slots: readonly Payment[]
  readonly paid: bigint
  readonly refunded: bigint
  readonly burned: bigint
}

/** Facts from which payments follow. */
export interface PaymentFacts {
  readonly terms: Pick<Terms, 'fee' | 'maxRunTime' | 'redundancy'>
  readonly rules: MoneyRules
  /** The events of a workload that has ended, in order. */
  readonly events: readonly WorkloadEvent[]
  /** Time of the block of an event. */
  readonly timeOf: (event: WorkloadEvent) => number
  readonly operatorOf: (seat: number) => Hex
}

/**
 * What a workload should have paid, refunded and burned, from its terms and from who committed, revealed and waited. Who is
 * compensated after a cancel or a release is taken from the chain; how much is not. Source: design section 4.
 */
export function expectedPayments(facts: PaymentFacts): Payments {
  const { terms, rules, events, timeOf } = facts
  const { pot, baseBurn, settleBounty } = splitFee(terms.fee, rules)
  const finished = events.find((event) => event.name === 'Finished')
  const assigned = events.find((event) => event.name === 'Assigned')
  const outcome = finished?.args.outcome
  if (finished === undefined || assigned === undefined) {
    const refunded = outcome === 'Cancelled' ? terms.fee : terms.fee - settleBounty
    return { slots: [], paid: 0n, refunded, burned: 0n }
  }
  if (outcome === 'Unserved') return { slots: [], paid: 0n, refunded: pot, burned: baseBurn }
  const compensationAt = (end: WorkloadEvent): bigint =>
    cancelCompensation(pot, timeOf(end) - timeOf(assigned), terms.maxRunTime, terms.redundancy)
  if (outcome === 'Cancelled') {
    const slots = waiting(events, new Set()).map((seat) => ({ seat, rank: 0, paid: compensationAt(finished) }))
    const paid = sumOf(slots)
    return { slots, paid, refunded: pot - paid, burned: baseBurn }
  }
  const ranked = ranks(facts, pot)
  const seats = waiting(events, new Set(ranked.map(({ seat }) => seat)))
  const released = events.find((event) => event.name === 'CommitsClosed' && event.args.released)
  const each =
    released === undefined ? 0n : releaseCompensation(compensationAt(released), pot - sumOf(ranked), seats.length)
  const slots = [...ranked, ...seats.map((seat) => ({ seat, rank: 0, paid: each }))]
  const paid = sumOf(slots)
  return { slots, paid, refunded: 0n, burned: pot + baseBurn - paid }
}

/** Valid proofs in order: slots' own seats first, then open ones, each by commit order; an open one only for an operator without a rank. */
function ranks({ terms, events, operatorOf }: PaymentFacts, pot: bigint): Payment[] {
  const valid = new Set(
    events.flatMap((event) => (event.name === 'Revealed' && event.args.valid ? [event.args.seat] : [])),
  )
  const entries = [...valid].map((seat) => {
    // A lone proof that was submitted at once is no commit.
    const commit = events.findLast((event) => event.name === 'Committed' && event.args.seat === seat)
    const { order, slot } = commit?.name === 'Committed' ? commit.args : { order: 0, slot: 0 }
    return { seat, isOpen: slot === OPEN_SLOT, order }
  })
  entries.sort((a, b) => Number(a.isOpen) - Number(b.isOpen) || a.order - b.order)
  const shares = rankShares(pot, terms.redundancy)
  const operators = new Set<Hex>()
  let rank = 0
  return entries.map(({ seat, isOpen }) => {
    const share = shares[rank]
    const operator = operatorOf(seat)
    if (share === undefined || (isOpen && operators.has(operator))) return { seat, rank: 0, paid: 0n }
    operators.add(operator)
    rank += 1
    return { seat, rank, paid: share }
  })
}

/** Seats settled without a rank that delivered no valid proof: those that waited. */
function waiting(events: readonly WorkloadEvent[], delivered: ReadonlySet<number>): number[] {
  return events.flatMap((event) =>
    event.name === 'SlotSettled' && event.args.rank === 0 && !delivered.has(event.args.seat) ? [event.args.seat] : [],
  )
}

function sumOf(slots: readonly Payment[]): bigint {
  return slots.reduce((total, { paid }) => total + paid, 0n)
}
