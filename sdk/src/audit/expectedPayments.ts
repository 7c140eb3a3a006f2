import type { WorkloadEvent } from '../chain/events.js'
import { OPEN_SLOT } from '../chain/names.js'
import { isIn } from '../chain/isIn.js'
import { cancelCompensation, rankShares, releaseCompensation, splitFee, type MoneyRules } from '../chain/rewards.js'
import type { Terms } from '../chain/terms.js'
import type { Hex } from '../chain/hex.js'
import type { ExpectedVerdict } from './expectedVerdict.js'

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
  /** What the members of committees got together. */
  readonly committee: bigint
  /** Slots and committee. */
  readonly paid: bigint
  readonly refunded: bigint
  readonly burned: bigint
}

/** What a workload should have paid, and out of what. */
export interface ExpectedPayments extends Payments {
  /** What ranks are paid from, and what each rank gets of it, rank 1 first. */
  readonly pot: bigint
  readonly shares: readonly bigint[]
}

/** Facts from which payments follow. */
export interface PaymentFacts {
  readonly terms: Pick<Terms, 'fee' | 'maxRunTime' | 'redundancy'>
  readonly rules: MoneyRules & { readonly responseWindow: number }
  /** The events of a workload that has ended, in order. */
  readonly events: readonly WorkloadEvent[]
  /** Time of the block of an event. */
  readonly timeOf: (event: WorkloadEvent) => number
  readonly operatorOf: (seat: number) => Hex
  /** What the committees came to, where they judge. */
  readonly verdict?: ExpectedVerdict
}

/**
 * What a workload should have paid, refunded and burned, from its terms and from who committed, revealed and waited. Who is
 * compensated after a release is taken from the chain; how much, and who after a cancel, is not. Source: design section 4.
 */
export function expectedPayments(facts: PaymentFacts): ExpectedPayments {
  const { terms, rules, events, timeOf } = facts
  const { pot, verdict, committeeShare } = potOf(facts)
  const { baseBurn, assignBounty, settleBounty } = splitFee(terms.fee, rules)
  const shares = rankShares(pot, terms.redundancy)
  const finished = events.find((event) => event.name === 'Finished')
  const assigned = events.find((event) => event.name === 'Assigned')
  const outcome = finished?.args.outcome
  const nothing = { slots: [], committee: 0n, paid: 0n, pot, shares }
  if (finished === undefined || assigned === undefined) {
    const refunded = outcome === 'Cancelled' ? terms.fee : terms.fee - settleBounty
    return { ...nothing, refunded, burned: 0n }
  }
  if (outcome === 'Unserved') return { ...nothing, refunded: pot, burned: baseBurn }
  const compensationAt = (end: WorkloadEvent): bigint =>
    cancelCompensation(pot, timeOf(end) - timeOf(assigned), terms.maxRunTime, terms.redundancy)
  if (outcome === 'Cancelled') {
    const slots = accepted(facts, assigned).map((seat) => ({ seat, rank: 0, paid: compensationAt(finished) }))
    const paid = sumOf(slots)
    return { ...nothing, slots, paid, refunded: pot - paid, burned: baseBurn }
  }
  const ranked = ranks(facts, shares, verdict)
  const seats = waiting(events, new Set(ranked.map(({ seat }) => seat)))
  const released = events.find((event) => event.name === 'CommitsClosed' && event.args.released)
  const each =
    released === undefined ? 0n : releaseCompensation(compensationAt(released), pot - sumOf(ranked), seats.length)
  const slots = [...ranked, ...seats.map((seat) => ({ seat, rank: 0, paid: each }))]
  const committee = verdict?.judged ? (committeeShare / BigInt(verdict.parts)) * BigInt(verdict.members) : 0n
  const paid = sumOf(slots) + committee
  const burned = terms.fee - assignBounty - settleBounty - paid
  return { slots, committee, paid, refunded: 0n, burned, pot, shares }
}

/** What ranks are paid from. The committee's share is taken out only where there was something to judge. */
function potOf({ terms, rules, events, verdict }: PaymentFacts) {
  const judged = verdict !== undefined && events.some((event) => event.name === 'RevealedToCommittee')
  const { pot, committee: committeeShare } = splitFee(terms.fee, rules, judged)
  if (!judged) return { pot, committeeShare }
  // Without any committee those who revealed share half.
  return { pot: verdict.judged ? pot : pot / 2n, committeeShare, verdict }
}

/** Valid proofs in order: slots' own seats first, then open ones, each by commit order; an open one only for an operator without a rank. */
function ranks(
  { events, operatorOf }: PaymentFacts,
  shares: readonly bigint[],
  verdict: ExpectedVerdict | undefined,
): Payment[] {
  const valid = new Set(
    events.flatMap((event) => {
      if (event.name === 'Revealed' && event.args.valid) return [event.args.seat]
      if (event.name !== 'RevealedToCommittee' || verdict === undefined) return []
      return !verdict.judged || isIn(verdict.valid, event.args.order) ? [event.args.seat] : []
    }),
  )
  const entries = [...valid].map((seat) => {
    // A lone proof that was submitted at once is no commit.
    const commit = events.findLast((event) => event.name === 'Committed' && event.args.seat === seat)
    const { order, slot } = commit?.name === 'Committed' ? commit.args : { order: 0, slot: 0 }
    return { seat, isOpen: slot === OPEN_SLOT, order }
  })
  entries.sort((a, b) => Number(a.isOpen) - Number(b.isOpen) || a.order - b.order)
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

/** Seats that accepted within the response window, and have not failed since. */
function accepted({ terms, rules, events, timeOf }: PaymentFacts, assigned: WorkloadEvent): number[] {
  const until = timeOf(assigned) + Math.min(rules.responseWindow, Math.floor(terms.maxRunTime / 10))
  const failed = new Set(events.flatMap((event) => (event.name === 'Failed' ? [event.args.seat] : [])))
  return events.flatMap((event) =>
    event.name === 'Accepted' && timeOf(event) <= until && !failed.has(event.args.seat) ? [event.args.seat] : [],
  )
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
