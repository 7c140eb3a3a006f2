/** Acts about a workload as a whole. */
import * as ending from '../protocol/ending.js'
import * as market from '../protocol/market.js'
import type { Job } from '../protocol/state.js'
import { accepted, placeOf } from '../protocol/work.js'
import type { Call, Scene } from './call.js'

/** The call of a submission; undefined for other acts. */
export function submission({ world, state, rules, step, caller }: Scene): Call | undefined {
  if (step.act !== 'submit') return undefined
  const { n } = step
  const redundancy = n % 37 === 0 ? 0 : n % 41 === 0 ? 9 : [1, 1, 2, 3, 3, 8][n % 6]!
  const maxRunTime = n % 43 === 0 ? rules.responseWindow - 1 : [20, 100, 400, 400][(n >> 2) % 4]!
  const nonce = (state.balances.get(caller)?.nonce ?? 0) + (n % 29 === 0 ? 1 : 0)
  const per = [1n, 2n, 40n][n % 3]! * rules.minimumFee
  const fee = per * BigInt(redundancy) + BigInt(n) - (n % 31 === 0 ? BigInt(n) + 1n : 0n)
  const asked = { fee: fee < 0n ? 0n : fee, maxRunTime, redundancy, rescue: 50 + (n % 52), nonce, binding: n % 4 === 0 }
  const args = [world.request(asked, state.jobs.length)]
  const job = state.jobs.length
  return { name: 'submit', target: 'market', args, job, play: (s, m) => market.submit(s, rules, m, asked) }
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
      return { ...call, args: [id], play: (s, m) => void market.assign(s, rules, m, number, randomness, id) }
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
