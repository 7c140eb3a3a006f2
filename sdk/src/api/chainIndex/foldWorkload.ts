import type { CommitteeEvent, WorkloadEvent } from '../../chain/events.js'
import { OPEN_SLOT } from '../../chain/names.js'
import { unpackTerms } from '../../chain/terms.js'
import { verdictOn } from '../../chain/verdictOn.js'
import type { EarningsTable, SlotsTable, WorkloadsTable } from '../store/schema.js'
import type { IndexedEvent } from './IndexedEvent.js'

/** What the index keeps of a workload beside its events. */
export interface FoldedWorkload {
  readonly workload: WorkloadsTable
  readonly slots: readonly SlotsTable[]
  readonly earnings: readonly EarningsTable[]
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }
type Event = IndexedEvent<WorkloadEvent | CommitteeEvent>

/** The appeal's number of attempt. */
const APPEAL = 4

/**
 * What follows from the events of a workload, all of them and in order. It is a function of the events alone, so whatever a reorg takes back is
 * gone when it is computed again.
 * @param operatorOf Operator of a seat that was not drawn.
 * @returns undefined without its Submitted event.
 */
export function foldWorkload(
  events: readonly Event[],
  operatorOf: (seat: number) => string | undefined,
): FoldedWorkload | undefined {
  const [first] = events
  if (first?.name !== 'Submitted') return undefined
  const { fee, maxRunTime, redundancy, class: hardwareClass } = unpackTerms(BigInt(first.args.terms))
  const workload: Mutable<WorkloadsTable> = {
    ...{ workload: first.args.workload, block: first.block, log_index: first.log_index, submitted_at: first.time },
    ...{ program: first.args.program, requester: first.args.requester, class: hardwareClass, fee: fee.toString() },
    ...{ max_run_time: maxRunTime, redundancy, assigned_at: null, closed_at: null, finished_at: null, outcome: null },
    ...{ commits: 0, ranks: 0, paid: '0', refunded: '0', burned: '0' },
  }
  const slots = new Map<number, Mutable<SlotsTable>>()
  const slotOf = (seat: number, operator?: string): Mutable<SlotsTable> => {
    const known = slots.get(seat)
    if (known !== undefined) return known
    const made: Mutable<SlotsTable> = {
      ...{
        workload: workload.workload,
        seat,
        operator: operator ?? operatorOf(seat) ?? '',
        slot: null,
        drawn_at: null,
      },
      ...{ accepted_at: null, committed_at: null, run_time: null, revealed_at: null, valid: null, declined: false },
      ...{ failed: null, missed: false, silent: false, rank: null, paid: '0', last_at: first.time },
    }
    slots.set(seat, made)
    return made
  }
  for (const event of events) {
    applyToWorkload(workload, event)
    applyToSlots(workload, slotOf, event, events)
  }
  return { workload, slots: [...slots.values()], earnings: earningsOf(events, slots, operatorOf) }
}

function applyToWorkload(workload: Mutable<WorkloadsTable>, event: Event): void {
  switch (event.name) {
    case 'Assigned':
      workload.assigned_at = event.time
      break
    case 'Committed':
      workload.commits += 1
      break
    case 'CommitsClosed':
      workload.closed_at = event.time
      break
    case 'SlotSettled':
      if (event.args.rank > 0) workload.ranks += 1
      break
    case 'Finished': {
      const { outcome, paid, refunded, burned } = event.args
      Object.assign(workload, { outcome, paid, refunded, burned, finished_at: event.time })
      break
    }
    default:
      break
  }
}

function applyToSlots(
  { assigned_at: assignedAt }: WorkloadsTable,
  slotOf: (seat: number, operator?: string) => Mutable<SlotsTable>,
  event: Event,
  events: readonly Event[],
): void {
  if (event.name === 'Assigned') {
    for (const { seat, operator, slot } of event.args.candidates) {
      if (slot !== OPEN_SLOT) Object.assign(slotOf(seat, operator), { slot, drawn_at: event.time, last_at: event.time })
    }
    return
  }
  if (event.contract !== 'market' || !('seat' in event.args)) return
  const slot = slotOf(event.args.seat)
  slot.last_at = event.time
  const runTime = event.time - (assignedAt ?? event.time)
  switch (event.name) {
    case 'Accepted':
      slot.accepted_at ??= event.time
      break
    case 'Declined':
      slot.declined = true
      break
    case 'Failed':
      slot.failed = event.args.reason
      break
    case 'Committed':
      Object.assign(slot, { committed_at: event.time, run_time: runTime })
      break
    case 'Revealed':
    case 'RevealedToCommittee':
      slot.revealed_at = event.time
      slot.valid = verdictOn(event, events) ?? null
      // A lone proof has no commit before.
      slot.run_time ??= runTime
      break
    case 'SlotSettled':
      Object.assign(slot, { rank: event.args.rank > 0 ? event.args.rank : null, paid: event.args.paid })
      break
    case 'Missed':
      slot.missed = true
      break
    case 'Silent':
      slot.silent = true
      break
    default:
      break
  }
}

function earningsOf(
  events: readonly Event[],
  slots: ReadonlyMap<number, SlotsTable>,
  operatorOf: (seat: number) => string | undefined,
): EarningsTable[] {
  return events.flatMap((event): EarningsTable[] => {
    if (event.name === 'SlotSettled' && event.args.paid !== '0') {
      const { workload, seat, rank, paid: amount } = event.args
      const operator = slots.get(seat)?.operator ?? ''
      const kind = rank > 0 ? 'rank' : 'waiting'
      return [{ workload, operator, seat, kind, amount, time: event.time, block: event.block }]
    }
    if (event.name !== 'Judged') return []
    const { workload, members, each: amount } = event.args
    return membersPaid(events, members).map((seat) => {
      const operator = operatorOf(seat) ?? ''
      return { workload, operator, seat, kind: 'judging', amount, time: event.time, block: event.block }
    })
  })
}

/** The seats that were paid for judging: all that answered of the committees, or of the appeal; none if neither is their number. */
function membersPaid(events: readonly Event[], members: number): number[] {
  const votes = events.flatMap((event) => (event.name === 'Voted' ? [event.args] : []))
  const committees = votes.filter(({ attempt }) => attempt < APPEAL)
  const appeal = votes.filter(({ attempt }) => attempt === APPEAL)
  const paid = [committees, appeal].find(({ length }) => length === members) ?? []
  return paid.map(({ seat }) => seat)
}
