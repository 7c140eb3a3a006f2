/** What a workload's state is at a time, and the bookkeeping of seats: written from design §3, counted from lists. */
import type { FailReason, Outcome } from '../../../sdk/src/chain/index.js'
import { drop } from './registry.js'
import type { Job, Place, Rules, Seat, State } from './state.js'
import { refuse, Refused } from './state.js'

const MISSES_TO_DROP = 3
const ROOM_ASIDE = 3

/** Slots that met one of `fates`. */
export function slotsThat(job: Job, ...fates: Job['fates']): number {
  return job.fates.filter((fate) => fates.includes(fate)).length
}

/** Slots never drawn, declined, or failed while commits were possible. */
export function vacated(job: Job): number {
  return slotsThat(job, 'undrawn', 'vacated')
}

/** Slots accepted in time or committed by their own seat. */
export function accepted(job: Job): number {
  return slotsThat(job, 'accepted', 'committed')
}

/** Slots committed by their own seat. */
export function own(job: Job): number {
  return slotsThat(job, 'committed')
}

/** Last second for commits. */
export function deadline(job: Job): number {
  return job.closedAt ?? job.drawnAt + job.maxRunTime
}

/** Whether commits are possible. */
export function isOpen(job: Job, now: number): boolean {
  return job.phase === 'Proving' && job.closedAt === undefined && now <= deadline(job)
}

/** Last second in which an unanswered slot is its seat's alone. */
export function responseEnd(job: Job): number {
  return job.drawnAt + Math.min(job.rules.responseWindow, Math.floor(job.maxRunTime / 10))
}

/** Second from which every uncommitted slot is open. */
export function rescueAt(job: Job): number {
  return job.drawnAt + Math.floor((job.maxRunTime * job.rescue) / 100)
}

/** Slots open to anyone, while commits are possible. */
export function openSlots(job: Job, now: number): number {
  if (own(job) === job.redundancy) return job.redundancy
  if (now >= rescueAt(job)) return job.redundancy - own(job)
  if (now > responseEnd(job)) return job.redundancy - accepted(job)
  return vacated(job)
}

/** Whether the requester closed commits while slots were missing. */
export function isReleased(job: Job): boolean {
  return job.closedAt !== undefined && own(job) < job.redundancy
}

/** The reason that all fails share; out of time when they differ. */
export function failReason(job: Job): FailReason {
  const [first, ...others] = job.reasons
  if (first === undefined) return 'None'
  return others.every((reason) => reason === first) ? first : 'OutOfTime'
}

/** What the ranks share. */
export function potOf(job: Job): bigint {
  return job.fee - baseBurnOf(job) - job.rules.assignBounty - job.rules.settleBounty - committeeShareOf(job)
}

/** What a committee gets of a fee: nothing where it has nothing to judge. */
export function committeeShareOf(job: Job): bigint {
  return job.reveals.length > 0 ? (job.fee * job.rules.committeeBps) / 10_000n : 0n
}

/** Whether nothing more can be revealed: everything is, or the time is over. */
export function areRevealsOver(job: Job, now: number): boolean {
  if (isOpen(job, now)) return false
  const hidden = job.commits.some(({ verdict }) => verdict === 'none')
  return !hidden || now > deadline(job) + job.rules.revealDelay + job.rules.revealWindow
}

/** What burns of a fee in any case. */
export function baseBurnOf(job: Job): bigint {
  return (job.fee * job.rules.baseBurnBps) / 10_000n
}

/** The workload, in a phase. */
export function inPhase(state: State, number: number, phase: Job['phase']): Job {
  const job = state.jobs[number]!
  refuse(job.phase !== phase, 'WrongPhase')
  return job
}

/** The workload, while commits are possible. */
export function whileOpen(state: State, number: number, now: number): Job {
  const job = inPhase(state, number, 'Proving')
  refuse(!isOpen(job, now), 'CommitsClosedAlready')
  return job
}

/** The place of a seat in a workload, newest work first. */
export function placeOf(state: State, seat: number, job: Job): Place | undefined {
  const found = state.seats.get(seat)
  if (found === undefined) return undefined
  return [found.main, ...found.aside].find((place) => place?.job === job.number)
}

/** The place that the caller's seat was drawn for, while it is the seat's newest work. */
export function drawnPlace(state: State, seat: number, job: Job, caller: string): Place {
  const place = state.seats.get(seat)?.main
  if (place?.job !== job.number) throw new Refused('SeatNotInWorkload')
  const unanswered = place.state === 'Assigned' || place.state === 'Accepted'
  refuse(unanswered && place.operator !== caller, 'NotOperator')
  return place
}

/** Makes room for new work; older work that waits for its end is put aside. */
export function makeRoom(seat: Seat): boolean {
  if (seat.main === undefined) return true
  if (seat.main.state === 'Assigned' || seat.main.state === 'Accepted') return false
  if (seat.aside.length === ROOM_ASIDE) return false
  seat.aside.push(seat.main)
  seat.main = undefined
  return true
}

/** Removes a place without any judgement of it. */
export function remove(seat: Seat, place: Place): void {
  if (seat.main === place) seat.main = undefined
  else seat.aside = seat.aside.filter((other) => other !== place)
}

/** Ends a place: a miss lengthens the seat's streak, a proof ends it, the third miss drops the seat. */
export function end(state: State, rules: Rules, now: number, seat: Seat, place: Place, how: 'proof' | 'miss' | 'none') {
  remove(seat, place)
  if (how === 'proof') seat.streak = 0
  if (how !== 'miss') return
  seat.streak += 1
  if (seat.streak < MISSES_TO_DROP) return
  seat.streak = 0
  drop(state, rules, now, seat)
}

/** Ends the place of a seat that delivered no valid proof, as far as it can be ended. */
export function endUnproved(
  state: State,
  rules: Rules,
  now: number,
  seat: Seat,
  place: Place,
  job: { readonly outcome: Outcome; readonly dutyEnded: boolean },
): void {
  // Whoever never answered can still do so, or be slashed.
  if (place.state === 'Assigned' && !job.dutyEnded) return
  const missed =
    place.state === 'Committed' ||
    place.state === 'Invalid' ||
    (place.state === 'Revealed' && job.outcome !== 'Unjudged') ||
    (place.state === 'Accepted' && !job.dutyEnded) ||
    (place.state === 'Failed' && job.outcome === 'Proven')
  end(state, rules, now, seat, place, missed ? 'miss' : 'none')
}
