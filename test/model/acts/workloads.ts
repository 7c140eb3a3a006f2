/** Acts about a workload as a whole. */
import { assign, assignMany } from '../protocol/draw.js'
import * as ending from '../protocol/ending.js'
import * as market from '../protocol/market.js'
import type { Job } from '../protocol/state.js'
import { accepted, placeOf } from '../protocol/work.js'
import type { Call, Scene } from './call.js'

/** The call of a submission; undefined for other acts. */
export function submission(scene: Scene): Call | undefined {
  const { world, state, rules, step, caller } = scene
  const { act, n } = step
  const call = { name: act, target: 'market', job: state.jobs.length } as const
  const nonce = (state.balances.get(caller)?.nonce ?? 0) + (n % 29 === 0 ? 1 : 0)
  const asked = request(scene, nonce, 0)
  switch (act) {
    case 'submit':
      return { ...call, args: [world.request(asked)], play: (s, m) => market.submit(s, rules, m, asked) }
    case 'submitMany': {
      const many = [asked, request(scene, nonce + (n % 23 === 0 ? 0 : 1), 1)].slice(0, n % 31 === 0 ? 0 : 2)
      const args = [many.map((one) => world.request(one))]
      return { ...call, args, play: (s, m) => market.submitMany(s, rules, m, many) }
    }
    default:
      return undefined
  }
}

function request({ world, state, step }: Scene, nonce: number, k: number): market.Asked {
  const n = step.n + k
  const redundancy = n % 37 === 0 ? 0 : n % 41 === 0 ? 9 : [1, 1, 2, 3, 3, 8][n % 6]!
  const program = world.programs[step.judges && n % 5 > 0 ? 3 : [0, 0, 0, 1, 1, 2, 3, 3, 3, 3][(n >> 1) % 10]!]!
  const { minimum, rules } = state.classes.get(program.class)!
  const shortest = state.written[rules - 1]?.responseWindow ?? 1
  const maxRunTime = n % 43 === 0 ? Math.max(0, shortest - 1) : [20, 400, 3_000, 3_000][(n >> 2) % 4]!
  const per = [1n, 2n, 40n][n % 3]! * minimum.fee
  const fee = per * BigInt(redundancy) + BigInt(n) - (n % 31 === 0 ? BigInt(n) + 1n : 0n)
  return { fee: fee < 0n ? 0n : fee, maxRunTime, redundancy, rescue: 50 + (n % 52), nonce, program }
}

/** The call of an act about a whole workload; undefined for other acts. */
export function jobAct(scene: Scene, job: Job): Call | undefined {
  const { world, state, rules, step, block } = scene
  const { act, n } = step
  const { number } = job
  const { id, spec } = world.jobs[number]!
  const call = { name: act, target: 'market', job: number } as const
  const placed = [...state.seats.keys()].filter((seat) => placeOf(state, seat, job) !== undefined)
  switch (act) {
    case 'assign': {
      const randomness = world.randomness(job.round, block)
      return { ...call, args: [id], play: (s, m) => void assign(s, rules, m, number, randomness, id) }
    }
    case 'assignMany': {
      const all = state.jobs
        .filter(({ phase }) => phase === 'Pending' || n % 3 === 0)
        .map((one) => {
          return { number: one.number, randomness: world.randomness(one.round, block), id: world.jobs[one.number]!.id }
        })
      return { ...call, args: [all.map((one) => one.id)], play: (s, m) => assignMany(s, rules, m, all) }
    }
    case 'release':
      return { ...call, args: [spec], play: (s, m) => market.release(s, m, number) }
    case 'cancel': {
      const listed = toCompensate(scene, job, placed)
      return { ...call, args: [spec, listed], play: (s, m) => market.cancel(s, rules, m, number, listed) }
    }
    case 'settle': {
      const listed = n % 6 === 0 ? placed.slice(1) : n % 5 === 0 ? [...placed, ...placed, 1, 999] : placed
      return { ...call, args: [spec, listed], play: (s, m) => ending.settle(s, rules, m, number, listed) }
    }
    default:
      return undefined
  }
}

/** Seats that accepted in time; now and then one is missing, named twice, or nobody had accepted. */
function toCompensate({ state, step: { n } }: Scene, job: Job, placed: readonly number[]): readonly number[] {
  const all = placed.filter((seat) => {
    const place = placeOf(state, seat, job)
    return place?.state === 'Accepted' && place.inTime
  })
  if (accepted(job) === 0 && n % 13 === 0) return [1]
  if (n % 7 === 0) return all.slice(1)
  return n % 11 === 0 && all.length > 1 ? all.map(() => all[0]!) : all
}
