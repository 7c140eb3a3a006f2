/** The second of an act: mostly soon, often one second before, at or after an edge. */
import type { Job, Rules, Seat, State } from '../protocol/state.js'
import { deadline, rescueAt, responseEnd } from '../protocol/work.js'
import { jobOf, seatOf } from './choose.js'
import type { Step } from './step.js'

/** Seconds at which something changes soon for a workload. */
function nearEdges(rules: Rules, job: Job | undefined, now: number): number[] {
  if (job?.phase !== 'Proving') return []
  const revealFrom = deadline(job) + rules.revealDelay
  const times = [responseEnd(job, rules), rescueAt(job), deadline(job), revealFrom, revealFrom + rules.revealWindow]
  if (job.cancelAskedAt !== undefined) times.push(job.cancelAskedAt + rules.cancelDelay)
  return times.filter((time) => time > now + 2)
}

/** Seconds at which something changes much later: the silence window, the window for the draw, the cooldown. */
function farEdges(rules: Rules, job: Job | undefined, seat: Seat | undefined, now: number): number[] {
  const times: number[] = []
  if (job !== undefined && job.drawnAt > 0) times.push(job.drawnAt + rules.silenceWindow)
  if (job?.phase === 'Pending') times.push(rules.genesis + (job.epoch + 3) * rules.epochLength)
  if (seat !== undefined && seat.unlockAt > 0) times.push(seat.unlockAt)
  return times.filter((time) => time > now + 2)
}

/** The second of an act after `now`. */
export function timeOf(state: State, rules: Rules, one: Step, now: number): number {
  const job = jobOf(state, one)
  const near = nearEdges(rules, job, now)
  const revealFrom = job?.phase === 'Proving' ? deadline(job) + rules.revealDelay : 0
  if (one.act === 'reveal' && now <= revealFrom && one.when % 3 > 0) return revealFrom + 1 + (one.when % 5)
  const far = farEdges(rules, job, seatOf(state, one, job), now)
  const edge =
    one.when % 61 === 0 ? far[one.when % far.length] : one.when % 7 === 0 ? near[one.when % near.length] : undefined
  return edge === undefined ? now + 1 + (one.when % 3) : edge + one.edge
}
