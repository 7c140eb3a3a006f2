/** The second of an act: mostly soon, often one second before, at or after an edge. */
import { CHECKED } from '../parameters.js'
import type { Job, Rules, Seat, State } from '../protocol/state.js'
import { areRevealsOver, deadline, rescueAt, responseEnd } from '../protocol/work.js'
import { current, endOf, stageOf } from '../protocol/judging.js'
import { rewardEpochAt } from '../protocol/rewards.js'
import { jobOf, seatOf } from './choose.js'
import type { Step } from './step.js'

/** Seconds at which something changes soon for a workload. */
function nearEdges(job: Job | undefined, now: number): number[] {
  if (job?.phase !== 'Proving') return []
  const revealFrom = deadline(job) + job.rules.revealDelay
  const times = [responseEnd(job), rescueAt(job), deadline(job), revealFrom, revealFrom + job.rules.revealWindow]
  if (job.cancelAskedAt !== undefined) times.push(job.cancelAskedAt + job.rules.cancelDelay)
  return times.filter((time) => time > now + 2)
}

/** Seconds at which something changes much later: the silence window, the window for the draw, the cooldown. */
function farEdges(rules: Rules, job: Job | undefined, seat: Seat | undefined, now: number): number[] {
  const times: number[] = []
  if (job !== undefined && job.drawnAt > 0) times.push(job.drawnAt + job.rules.silenceWindow)
  if (job?.phase === 'Pending') times.push(rules.genesis + (job.epoch + 3) * rules.epochLength)
  if (seat !== undefined && seat.unlockAt > 0) times.push(seat.unlockAt)
  return times.filter((time) => time > now + 2)
}

/** For acts that wait for the end of reveals, of a vote or of the time to appeal: that end, or a second beside it. */
function judgeTime(rules: Rules, job: Job, { act, when, edge }: Step, now: number): number | undefined {
  if (!job.judged || job.phase !== 'Proving') return undefined
  const after = (time: number): number | undefined =>
    time <= now + 2 ? undefined : when % 3 === 0 ? time + edge : time + 1
  if (!areRevealsOver(job, now)) {
    return act === 'openJudging' ? after(deadline(job) + job.rules.revealDelay + job.rules.revealWindow) : undefined
  }
  if (job.judging.attempts.length === 0) return undefined
  const end = endOf(rules, current(job).attempt)
  const stage = stageOf(job, rules, now)
  if (stage === 'Voting' && ['settle', 'openJudging', 'appeal'].includes(act)) return after(end)
  if (stage === 'Voting' && act === 'post' && when % 9 === 0) return after(end - 1)
  if (stage === 'Drawing' && (act === 'openJudging' || when % 19 === 0)) return after(end)
  if (stage === 'Appealable' && act === 'settle') return after(end + job.rules.verdictWindow)
  return stage === 'Appealable' && act === 'appeal' && when % 4 === 0 ? after(end + job.rules.verdictWindow) : undefined
}

/** For acts of checks: the second from which they are possible, or the last one, or one beside it. */
function checkTime(state: State, { act, when, edge }: Step, now: number): number | undefined {
  const { nextAt, checks, policy } = state.schedules.get(CHECKED)!
  const newest = checks.at(-1)
  const later = (time: number, usual: number): number | undefined =>
    time <= now + 2 ? undefined : when % 3 === 0 ? time + edge : time + usual
  if (act === 'openCheck' && policy === undefined) return undefined
  if (act === 'openCheck')
    return when % 11 === 0 ? later(nextAt + policy!.period - policy!.window, 0) : later(nextAt, when % 3)
  if (newest === undefined) return undefined
  if (act === 'startCheck' && when % 11 === 0) return later(newest.startBy, 0)
  if (newest.startedAt === undefined) return undefined
  const { window } = newest.policy
  const isLast = act === 'evict' ? when % 4 > 0 : ['answer', 'excuse'].includes(act) && when % 13 === 0
  if (act === 'evict' && when % 2 === 0) return later(newest.startedAt + window + edge, 0)
  return isLast ? later(newest.startedAt + window, 1) : undefined
}

/** The second of an act after `now`. */
export function timeOf(state: State, rules: Rules, one: Step, now: number): number {
  const job = jobOf(state, one)
  const near = nearEdges(job, now)
  const revealFrom = job?.phase === 'Proving' ? deadline(job) + job.rules.revealDelay : 0
  if (['reveal', 'revealToCommittee'].includes(one.act) && now <= revealFrom && one.when % 3 > 0)
    return revealFrom + 1 + (one.when % 5)
  if (one.act === 'claim' || (one.act === 'record' && one.when % 5 === 0)) {
    return rules.rewardsGenesis + rewardEpochAt(rules, now + 2) * rules.rewardsEpoch + one.edge
  }
  const judge = job === undefined ? undefined : judgeTime(rules, job, one, now)
  if (judge !== undefined) return judge
  const check = checkTime(state, one, now)
  if (check !== undefined) return check
  const far = farEdges(rules, job, seatOf(state, one, job), now)
  const edge =
    one.when % 61 === 0 ? far[one.when % far.length] : one.when % 7 === 0 ? near[one.when % near.length] : undefined
  return edge === undefined ? now + 1 + (one.when % 3) : edge + one.edge
}
