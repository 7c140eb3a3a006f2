/** Random steps, resolved against the model's state so that most of them mean something, and performed on chain and model. */
import fc from 'fast-check'
import { parseEther } from 'ethers'

import { FAIL_REASONS } from '../../sdk/src/chain/index.js'
import * as ending from './ending.js'
import * as market from './market.js'
import * as registry from './registry.js'
import type { Job, Moment, Rules, Seat, State } from './state.js'
import { accepted, deadline, isOpen, placeOf, rescueAt, responseEnd } from './work.js'
import type { World } from './World.js'

/** Every act. */
const ACTS = [
  ...['submit', 'assign', 'accept', 'commit', 'commitOpen', 'reveal', 'submitProof', 'settle', 'decline', 'fail'],
  ...['release', 'cancel', 'clear', 'slash', 'mine', 'stake', 'join', 'leave', 'topUp', 'withdrawSeat', 'deposit'],
  ...['withdraw', 'burnFees', 'burnSlashes', 'withdrawBounty'],
] as const
type Act = (typeof ACTS)[number]

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

/** One step of a sequence; the numbers choose among what there is when its turn comes. */
export interface Step {
  /** Taken as it is when `wild`; otherwise {@link actOf} chooses by the phase of the workload. */
  readonly act: Act
  readonly wild: boolean
  readonly who: number
  readonly job: number
  readonly seat: number
  readonly n: number
  readonly when: number
  readonly edge: number
}

const pick = fc.nat(9_999)
/** A step. */
export const step: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom(...ACTS),
  wild: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  who: pick,
  job: pick,
  seat: pick,
  n: pick,
  when: pick,
  edge: fc.constantFrom(-1, 0, 0, 1, 1),
})

/** What a step came to: the call that is sent, and what the model does with it. */
export interface Resolved {
  readonly name: string
  readonly target: 'market' | 'registry'
  readonly args: readonly unknown[]
  /** The workload it is about. */
  readonly job: number | undefined
  readonly play: (state: State, moment: Moment) => void
}

function choose<T>(list: readonly T[], n: number): T | undefined {
  return list[n % list.length]
}

function stageOf(job: Job | undefined, rules: Rules, now: number): keyof typeof FITTING {
  if (job === undefined || job.phase === 'Final') return 'none'
  if (job.phase === 'Proving') return isOpen(job, now) ? 'open' : 'closed'
  return registry.epochAt(rules, now) > job.epoch + 3 ? 'late' : 'pending'
}

/** The act of a step, given where its workload stands. */
export function actOf(state: State, rules: Rules, one: Step, now: number): Act {
  if (one.wild) return one.act
  const act = choose<Act>(FITTING[stageOf(jobOf(state, one), rules, now)], one.who)!
  const live = state.jobs.filter(({ phase }) => phase !== 'Final').length
  return act === 'submit' && live >= MOST_LIVE ? 'assign' : act
}

/** Seconds at which something changes soon for a workload. */
export function nearEdges(rules: Rules, job: Job | undefined, now: number): number[] {
  if (job?.phase !== 'Proving') return []
  const revealFrom = deadline(job) + rules.revealDelay
  const times = [responseEnd(job, rules), rescueAt(job), deadline(job), revealFrom, revealFrom + rules.revealWindow]
  if (job.cancelAskedAt !== undefined) times.push(job.cancelAskedAt + rules.cancelDelay)
  return times.filter((time) => time > now + 2)
}

/** Seconds at which something changes much later: the silence window, the window for the draw, the cooldown. */
export function farEdges(rules: Rules, job: Job | undefined, seat: Seat | undefined, now: number): number[] {
  const times: number[] = []
  if (job !== undefined && job.drawnAt > 0) times.push(job.drawnAt + rules.silenceWindow)
  if (job?.phase === 'Pending') times.push(rules.genesis + (job.epoch + 3) * rules.epochLength)
  if (seat !== undefined && seat.unlockAt > 0) times.push(seat.unlockAt)
  return times.filter((time) => time > now + 2)
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

/** Whether the proof of this seat in this workload is good: known beforehand, so that commit and reveal agree. */
function isGood(job: number, seat: number): boolean {
  return (job * 7 + seat * 3) % 5 !== 0
}

/**
 * Makes a call of a step; undefined when there is nothing it could be about.
 * @param caller Address of the account that will send it.
 * @param randomness Value of the workload's beacon round, if it is known when the call is made.
 */
export function resolve(
  world: World,
  state: State,
  rules: Rules,
  step: Step,
  caller: string,
  randomness: string | undefined,
): Resolved | undefined {
  const job = jobOf(state, step)
  const seat = seatOf(state, step, job)
  return (
    accountAct(rules, step) ??
    seatAct(rules, step, seat) ??
    submission(world, state, rules, step, caller) ??
    (job === undefined || seat === undefined
      ? undefined
      : (jobAct(world, state, rules, step, job, randomness) ?? placeAct(world, state, rules, step, job, seat, caller)))
  )
}

function accountAct(rules: Rules, { act, n }: Step): Resolved | undefined {
  const amount = (parseEther('20000') * BigInt(n)) / 9_000n
  const call = { target: 'market', job: undefined } as const
  switch (act) {
    case 'deposit':
      return { ...call, name: act, args: ['caller', amount], play: (s, m) => market.deposit(s, m, amount) }
    case 'withdraw': {
      const part = amount / 8n
      return { ...call, name: act, args: ['caller', part], play: (s, m) => market.withdraw(s, m, part) }
    }
    case 'burnFees':
      return { ...call, name: act, args: ['everyone'], play: (s) => market.burnFees(s) }
    case 'burnSlashes':
      return { ...call, target: 'registry', name: act, args: ['everyone'], play: (s) => registry.burnSlashes(s) }
    case 'withdrawBounty':
      return { ...call, target: 'registry', name: act, args: ['caller'], play: (s, m) => registry.withdrawBounty(s, m) }
    case 'stake': {
      const floor = BigInt(n % 4) * 100_000n
      const play: Resolved['play'] = (s, m) => registry.stake(s, rules, m, floor)
      return { ...call, target: 'registry', name: act, args: [1, 1, floor], play }
    }
    default:
      return undefined
  }
}

function seatAct(rules: Rules, { act, n }: Step, seat: Seat | undefined): Resolved | undefined {
  const id = seat?.id ?? 1
  const call = { target: 'registry', job: undefined } as const
  switch (act) {
    case 'join': {
      const floor = BigInt(n % 4) * 100_000n
      return { ...call, name: act, args: [[id], floor], play: (s, m) => registry.join(s, rules, m, id, floor) }
    }
    case 'leave':
      return { ...call, name: 'leaveSet', args: [[id]], play: (s, m) => registry.leave(s, rules, m, id) }
    case 'topUp':
      return { ...call, name: act, args: [id], play: (s, m) => registry.topUp(s, rules, m, id) }
    case 'withdrawSeat':
      return { ...call, name: 'withdraw', args: [[id], 'caller'], play: (s, m) => registry.withdrawSeat(s, m, id) }
    default:
      return undefined
  }
}

function submission(world: World, state: State, rules: Rules, step: Step, caller: string): Resolved | undefined {
  if (step.act !== 'submit') return undefined
  const { n } = step
  const redundancy = n % 37 === 0 ? 0 : n % 41 === 0 ? 9 : [1, 1, 2, 3, 3, 8][n % 6]!
  const maxRunTime = n % 43 === 0 ? rules.responseWindow - 1 : [20, 100, 400, 400][(n >> 2) % 4]!
  const nonce = (state.balances.get(caller)?.nonce ?? 0) + (n % 29 === 0 ? 1 : 0)
  const per = [1n, 2n, 40n][n % 3]! * rules.minimumFee
  const fee = per * BigInt(redundancy) + BigInt(n) - (n % 31 === 0 ? BigInt(n) + 1n : 0n)
  const asked = { fee: fee < 0n ? 0n : fee, maxRunTime, redundancy, rescue: 50 + (n % 52), nonce, binding: n % 4 === 0 }
  const args = [world.request(asked, state.jobs.length)]
  return {
    name: 'submit',
    target: 'market',
    args,
    job: state.jobs.length,
    play: (s, m) => market.submit(s, rules, m, asked),
  }
}

function jobAct(
  world: World,
  state: State,
  rules: Rules,
  { act, n }: Step,
  { number }: Job,
  randomness: string | undefined,
): Resolved | undefined {
  const { id, spec } = world.jobs[number]!
  const call = { target: 'market', job: number } as const
  const job = state.jobs[number]!
  const placed = [...state.seats.keys()].filter((seat) => placeOf(state, seat, job) !== undefined)
  switch (act) {
    case 'assign':
      return {
        ...call,
        name: act,
        args: [id],
        play: (s, m) => void market.assign(s, rules, m, number, randomness, id),
      }
    case 'release':
      return { ...call, name: act, args: [spec], play: (s, m) => market.release(s, m, number) }
    case 'cancel': {
      const all = placed.filter((seat) => {
        const place = placeOf(state, seat, job)
        return place?.state === 'Accepted' && place.inTime
      })
      const seats = n % 7 === 0 ? all.slice(1) : n % 11 === 0 && all.length > 1 ? all.map(() => all[0]!) : all
      const listed = accepted(job) === 0 && n % 13 === 0 ? [1] : seats
      return { ...call, name: act, args: [spec, listed], play: (s, m) => market.cancel(s, rules, m, number, listed) }
    }
    case 'settle': {
      const listed = n % 6 === 0 ? placed.slice(1) : n % 5 === 0 ? [...placed, ...placed, 1, 999] : placed
      return { ...call, name: act, args: [spec, listed], play: (s, m) => ending.settle(s, rules, m, number, listed) }
    }
    default:
      return undefined
  }
}

function placeAct(
  world: World,
  state: State,
  rules: Rules,
  { act, n }: Step,
  { number, binding }: Job,
  { id: seat }: Seat,
  caller: string,
): Resolved | undefined {
  const { id, spec } = world.jobs[number]!
  const call = { name: act, target: 'market', job: number } as const
  const good = isGood(number, seat)
  const commitment = world.commitment(number, seat, caller, binding, good)
  const shown = { opens: n % 17 !== 0, inputs: n % 19 !== 0, good }
  const { proof, salt, publicInputs, otherInputs } = world.proof(number, seat, caller, binding, good)
  const inputs = shown.inputs ? publicInputs : otherInputs
  switch (act) {
    case 'accept':
      return { ...call, args: [id, seat], play: (s, m) => market.accept(s, rules, m, number, seat) }
    case 'commit':
      return { ...call, args: [id, seat, commitment], play: (s, m) => market.commit(s, rules, m, number, seat) }
    case 'commitOpen':
      return { ...call, args: [spec, seat, commitment], play: (s, m) => market.commitOpen(s, rules, m, number, seat) }
    case 'reveal': {
      // Only who committed can open a commitment.
      const committed = placeOf(state, seat, state.jobs[number]!)?.operator === caller
      const opens = { ...shown, opens: shown.opens && committed }
      const revealed = [spec, seat, inputs, proof, shown.opens ? salt : id]
      return { ...call, args: revealed, play: (s, m) => market.reveal(s, rules, m, number, seat, opens) }
    }
    case 'submitProof':
      return {
        ...call,
        args: [spec, seat, inputs, proof],
        play: (s, m) => market.submitProof(s, rules, m, number, seat, shown),
      }
    case 'decline':
      return { ...call, args: [spec, seat], play: (s, m) => market.decline(s, rules, m, number, seat) }
    case 'fail': {
      const reason = FAIL_REASONS[n % 4]!
      const args = [spec, seat, n % 4]
      return { ...call, args, play: (s, m) => market.fail(s, rules, m, number, seat, reason) }
    }
    case 'clear':
      return { ...call, args: [spec, [seat]], play: (s, m) => ending.clear(s, rules, m, number, seat) }
    case 'slash':
      return { ...call, args: [spec, [seat]], play: (s, m) => ending.slash(s, rules, m, number, seat) }
    default:
      return undefined
  }
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
