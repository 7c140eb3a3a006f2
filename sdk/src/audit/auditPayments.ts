import { asChainError } from '../chain/asChainError.js'
import type { Contracts } from '../chain/connect.js'
import type { WorkloadEvent } from '../chain/events.js'
import { toAddress, toWorkloadId, type Address, type Hex } from '../chain/hex.js'
import { readEvents } from '../chain/readEvents.js'
import { readRules } from '../chain/rules.js'
import { unpackTerms } from '../chain/terms.js'
import { seatsOf } from '../chain/workloadSeats.js'
import { clientError } from '../errors/codes/client.js'
import { expectedPayments, type Payments } from './expectedPayments.js'

/** What an audit of payments found. */
export interface PaymentAudit {
  /** Whether every seat was paid what it should have been, and the rest of the fee went where it should. */
  readonly agrees: boolean
  /** What the events report. */
  readonly have: Payments
  /** What was recomputed here. */
  readonly want: Payments
}

/**
 * Recomputes the ranks, payments, refund and burn of a workload that has ended, from its events and its frozen rules.
 * @throws GevulotError CLIENT_WORKLOAD_UNKNOWN if it was not submitted, CLIENT_NOTHING_TO_DO before its end,
 * CLIENT_PARAMETER_INVALID if a committee judged its proofs, CHAIN_*
 */
export async function auditPayments(contracts: Contracts, workload: Hex): Promise<PaymentAudit> {
  const events: WorkloadEvent[] = []
  for await (const event of readEvents(contracts, { workload: toWorkloadId(workload) })) {
    if ('workload' in event.args) events.push(event as WorkloadEvent)
  }
  const submitted = events.find((event) => event.name === 'Submitted')
  const finished = events.find((event) => event.name === 'Finished')
  if (submitted === undefined) throw clientError('CLIENT_WORKLOAD_UNKNOWN', `nobody submitted ${workload}`)
  if (finished === undefined) throw clientError('CLIENT_NOTHING_TO_DO', `${workload} has not ended`)
  if (await isJudged(contracts, submitted.args.program)) {
    const why =
      'a committee judged its proofs; only payments for proofs that a verifier contract checked are recomputed'
    throw clientError('CLIENT_PARAMETER_INVALID', `${workload}: ${why}`)
  }
  const terms = unpackTerms(submitted.args.terms)
  const [rules, times, operators] = await Promise.all([
    readRules(contracts, terms.rules),
    timesOf(contracts, events),
    operatorsOf(contracts, seatsOf(events)),
  ])
  const want = expectedPayments({
    terms,
    rules,
    events,
    timeOf: ({ at }) => times.get(at.block) ?? 0,
    operatorOf: (seat) => operators.get(seat) ?? '0x',
  })
  const slots = events.flatMap((event) => {
    if (event.name !== 'SlotSettled') return []
    const { seat, rank, paid } = event.args
    return [{ seat, rank, paid }]
  })
  const { paid, refunded, burned } = finished.args
  const have = { slots, paid, refunded, burned }
  return { agrees: textOf(have) === textOf(want), have, want }
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

async function operatorsOf({ registry }: Contracts, seats: readonly number[]): Promise<Map<number, Address>> {
  try {
    const read = await Promise.all(seats.map((seat) => registry.seatOf(seat)))
    return new Map(seats.map((seat, index) => [seat, toAddress(read[index]?.operator ?? '')]))
  } catch (error) {
    throw asChainError(error, 'reading the operators of seats')
  }
}

/** The same payments in any order are the same text. */
function textOf({ slots, paid, refunded, burned }: Payments): string {
  const lines = slots.map((slot) => `${slot.seat}/${slot.rank}/${slot.paid}`).sort()
  return [...lines, paid, refunded, burned].join(' ')
}
