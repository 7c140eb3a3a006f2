import { asChainError } from '../chain/asChainError.js'
import type { Contracts } from '../chain/connect.js'
import type { CommitteeEvent, LogPosition, WorkloadEvent } from '../chain/events.js'
import { toWorkloadId, type Hex, type WorkloadId } from '../chain/hex.js'
import { readWorkloadEvents } from '../chain/readWorkloadEvents.js'
import { readRules } from '../chain/rules.js'
import { readSeatOwners, type SeatOwner } from '../chain/seatOwners.js'
import { unpackTerms } from '../chain/terms.js'
import { seatsOf } from '../chain/workloadSeats.js'
import { chainError } from '../errors/codes/chain.js'
import { clientError } from '../errors/codes/client.js'
import { expectedPayments, type ExpectedPayments, type Payments } from './expectedPayments.js'
import { expectedVerdict, type ExpectedVerdict } from './expectedVerdict.js'

/** What an audit of payments found. */
export interface PaymentAudit {
  readonly workload: WorkloadId
  /** Whether every seat was paid what it should have been, and the rest of the fee went where it should. */
  readonly agrees: boolean
  /** What the events report. */
  readonly have: Payments
  /** What was recomputed here, with the pot and its shares. */
  readonly want: ExpectedPayments
  /** Where a committee judged: what its members' answers come to, counted again. */
  readonly verdict?: ExpectedVerdict
}

/**
 * Recomputes the ranks, payments, refund and burn of a workload that has ended, from its events and its frozen rules.
 * Where a committee judged, the answers of its members are counted again too.
 * @throws GevulotError CLIENT_WORKLOAD_UNKNOWN if it was not submitted, CLIENT_NOTHING_TO_DO before its end, `CHAIN_*`
 */
export async function auditPayments(contracts: Contracts, workload: Hex): Promise<PaymentAudit> {
  const id = toWorkloadId(workload)
  const events: WorkloadEvent[] = []
  const judging: CommitteeEvent[] = []
  for (const event of await readWorkloadEvents(contracts, id)) {
    if (event.contract === 'committee') judging.push(event)
    else if (event.contract === 'market' && 'workload' in event.args) events.push(event as WorkloadEvent)
  }
  const submitted = events.find((event) => event.name === 'Submitted')
  const finished = events.find((event) => event.name === 'Finished')
  if (submitted === undefined) throw clientError('CLIENT_WORKLOAD_UNKNOWN', `nobody submitted ${workload}`)
  if (finished === undefined) throw clientError('CLIENT_NOTHING_TO_DO', `${workload} has not ended`)
  const terms = unpackTerms(submitted.args.terms)
  const members = judging.flatMap((event) => (event.name === 'Voted' ? [event.args.seat] : []))
  const [judged, rules, times, owners] = await Promise.all([
    isJudged(contracts, submitted.args.program),
    readRules(contracts, terms.rules),
    timesOf(contracts, events),
    readSeatOwners(contracts, [...new Set([...seatsOf(events), ...members])]),
  ])
  const gone = new Set(members.filter((seat) => isBefore(owners.get(seat)?.withdrawn, finished)))
  // Answers that came after the end are none; there are none, and a contract that counted them would be caught.
  const answers = judging.filter(({ at }) => isBefore(at, finished))
  const verdict = judged ? expectedVerdict(answers, gone) : undefined
  const want = expectedPayments({
    terms,
    rules,
    events,
    timeOf: ({ at }) => times.get(at.block) ?? 0,
    operatorOf: (seat) => operatorOf(owners, seat),
    ...(verdict && { verdict }),
  })
  const slots = events.flatMap((event) => {
    if (event.name !== 'SlotSettled') return []
    const { seat, rank, paid } = event.args
    return [{ seat, rank, paid }]
  })
  const paidToCommittee = events.find((event) => event.name === 'Judged')?.args
  const committee = paidToCommittee === undefined ? 0n : paidToCommittee.each * BigInt(paidToCommittee.members)
  const { paid, refunded, burned } = finished.args
  const have = { slots, committee, paid, refunded, burned }
  const agrees = textOf(have) === textOf(want)
  return { workload: id, agrees, have, want, ...(verdict && { verdict }) }
}

function isBefore(at: LogPosition | undefined, end: WorkloadEvent): boolean {
  if (at === undefined) return false
  return at.block < end.at.block || (at.block === end.at.block && at.logIndex < end.at.logIndex)
}

function operatorOf(owners: ReadonlyMap<number, SeatOwner>, seat: number): Hex {
  const owner = owners.get(seat)
  if (owner !== undefined) return owner.operator
  throw chainError('CHAIN_EVENT_MALFORMED', `no event says who staked seat ${seat}`, { details: { seat } })
}

async function isJudged({ market }: Contracts, program: Hex): Promise<boolean> {
  try {
    return (await market.programOf(program)).judged
  } catch (error) {
    throw asChainError(error, `reading program ${program}`)
  }
}

async function timesOf({ provider }: Contracts, events: readonly WorkloadEvent[]): Promise<Map<number, number>> {
  const blocks = [...new Set(events.map(({ at }) => at.block))]
  try {
    const read = await Promise.all(blocks.map((block) => provider.getBlock(block)))
    return new Map(read.flatMap((block) => (block === null ? [] : [[block.number, block.timestamp]])))
  } catch (error) {
    throw asChainError(error, 'reading the times of blocks')
  }
}

/** The same payments in any order are the same text. */
function textOf({ slots, committee, paid, refunded, burned }: Payments): string {
  const lines = slots.map((slot) => `${slot.seat}/${slot.rank}/${slot.paid}`).sort()
  return [...lines, committee, paid, refunded, burned].join(' ')
}
