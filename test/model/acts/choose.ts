/** Chooses what a step is about, so that most steps mean something. */
import { epochAt } from '../protocol/registry.js'
import type { Job, Rules, Seat, State } from '../protocol/state.js'
import { isOpen, placeOf } from '../protocol/work.js'
import { choose, type Act, type Step } from './step.js'

/** Workloads that run at the same time, unless a wild step adds one. */
const MOST_LIVE = 3

/** What usually makes sense for a workload in a phase; several times means more often. */
const FITTING = {
  none: ['submit', 'submit', 'clear', 'slash', 'fail', 'join', 'stake'],
  late: ['settle', 'settle', 'assign', 'cancel'],
  pending: ['assign', 'assign', 'assign', 'mine', 'mine', 'submit', 'cancel'],
  open: [
    ...['accept', 'accept', 'commit', 'commit', 'commit', 'commit', 'commitOpen', 'commitOpen', 'submitProof'],
    ...['submitProof', 'decline', 'fail', 'fail', 'submit', 'release', 'cancel', 'cancel'],
  ],
  closed: ['reveal', 'reveal', 'reveal', 'reveal', 'settle', 'settle', 'slash', 'fail', 'decline', 'submit'],
} as const satisfies Record<string, readonly Act[]>

function stageOf(job: Job | undefined, rules: Rules, now: number): keyof typeof FITTING {
  if (job === undefined || job.phase === 'Final') return 'none'
  if (job.phase === 'Proving') return isOpen(job, now) ? 'open' : 'closed'
  return epochAt(rules, now) > job.epoch + 3 ? 'late' : 'pending'
}

/** The act of a step, given where its workload stands. */
export function actOf(state: State, rules: Rules, one: Step, now: number): Act {
  if (one.wild) return one.act
  const act = choose<Act>(FITTING[stageOf(jobOf(state, one), rules, now)], one.who)!
  const live = state.jobs.filter(({ phase }) => phase !== 'Final').length
  return act === 'submit' && live >= MOST_LIVE ? 'assign' : act
}

/** The workload a step is about: mostly a live one. */
export function jobOf(state: State, { job }: Step): Job | undefined {
  const live = state.jobs.filter(({ phase }) => phase !== 'Final')
  return live.length > 0 && job % 5 !== 0 ? choose(live, job >> 3) : choose(state.jobs, job >> 3)
}

/** The seat a step is about: mostly one with a place in the workload; for an open commit mostly one without. */
export function seatOf(state: State, { act, seat }: Step, job: Job | undefined): Seat | undefined {
  const all = [...state.seats.values()]
  if (job === undefined || seat % 6 === 0) return choose(all, seat >> 3)
  const wantsIdle = act === 'commitOpen'
  const fit = all.filter((one) => (placeOf(state, one.id, job) === undefined) === wantsIdle && one.status !== 'None')
  return choose(fit.length > 0 ? fit : all, seat >> 3)
}

/** Whether a step makes sense for the account of the seat rather than for any. */
export function callerFor(state: State, step: Step, accounts: readonly string[]): string {
  const job = jobOf(state, step)
  const seat = seatOf(state, step, job)
  const anyone = choose(accounts, step.who >> 3)!
  if (step.who % 8 === 0) return anyone
  if (step.act === 'release' || step.act === 'cancel') return job?.requester ?? anyone
  const place = job === undefined || seat === undefined ? undefined : placeOf(state, seat.id, job)
  const forSeat = [
    'accept',
    'commit',
    'commitOpen',
    'reveal',
    'submitProof',
    'decline',
    'fail',
    'join',
    'leave',
    'topUp',
  ]
  if ([...forSeat, 'withdrawSeat'].includes(step.act)) return place?.operator ?? seat?.operator ?? anyone
  return anyone
}
