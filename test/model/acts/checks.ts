/** Acts of checks of machines. */
import { toBeHex } from 'ethers'

import { CHECKED, PLAIN } from '../parameters.js'
import * as checks from '../protocol/checks.js'
import type { Check, Seat, State } from '../protocol/state.js'
import type { Call, Scene } from './call.js'
import { choose } from './step.js'

/** The call of an act of a check; undefined for other acts. */
export function checkAct(scene: Scene, seat: Seat | undefined): Call | undefined {
  const { world, state, rules, step, block } = scene
  const { act, n } = step
  const of = n % 29 === 0 ? PLAIN : CHECKED
  const call = { target: 'qualification', name: act } as const
  const newest = state.schedules.get(of)?.checks.at(-1)
  switch (act) {
    case 'openCheck':
      return { ...call, name: 'open', args: [of], play: (s, m) => checks.open(s, rules, m, of) }
    case 'startCheck': {
      const randomness = newest === undefined ? undefined : world.randomness(newest.round, block)
      return { ...call, name: 'start', args: [of], play: (s, m) => checks.start(s, m, of, randomness) }
    }
    case 'answer':
      return seat === undefined ? undefined : answer(scene, seat)
    case 'excuse': {
      const ids = seat === undefined ? [] : [seat.id]
      return { ...call, args: [ids], play: (s, m) => checks.excuse(s, m, ids) }
    }
    case 'evict':
      return evict(scene)
    default:
      return undefined
  }
}

function answer({ state, rules, step }: Scene, seat: Seat): Call {
  const all = state.schedules.get(seat.class)?.checks ?? []
  const check = all.at(-1)
  const seed = check?.seed === undefined ? undefined : checks.seedOf(rules, check, all.length, seat)
  const number = seed === undefined ? 0n : checks.solutionOf(seed, check!.policy.work, step.n % 11 !== 0)
  const solution = step.n % 13 === 0 ? undefined : number
  const bytes = solution === undefined ? '0x' : toBeHex(solution, checks.NUMBER_BYTES)
  const play: Call['play'] = (s, m) => checks.answer(s, rules, m, seat.id, solution)
  return { target: 'qualification', name: 'answer', args: [seat.id, bytes], play }
}

/** Mostly of the newest check that is over, and of seats that it misses. */
function evict({ state, rules, step: { n, seat: which } }: Scene): Call {
  const all = state.schedules.get(CHECKED)!.checks
  const last = Math.max(1, all.findLastIndex(({ startedAt }) => startedAt !== undefined) + 1)
  const number = n % 11 === 0 ? all.length : n % 13 === 0 ? all.length + 1 : n % 4 === 0 ? Math.max(1, last - 1) : last
  const missing = missingOf(state, all[number - 1], number)
  const random = choose([...state.seats.keys()], which)!
  const ids = n % 5 === 0 ? [random] : n % 3 === 0 ? missing.slice(0, 1) : n % 7 === 0 ? [...missing, random] : missing
  const of = n % 31 === 0 ? PLAIN : CHECKED
  const play: Call['play'] = (s, m) => checks.evict(s, rules, m, of, number, ids)
  return { target: 'qualification', name: 'evict', args: [of, number, ids], play }
}

function missingOf(state: State, check: Check | undefined, number: number): number[] {
  if (check?.seed === undefined) return []
  const asked = [...state.seats.values()].filter((seat) => seat.class === CHECKED && seat.checked < number)
  return asked.filter((seat) => checks.isSelected(check, seat)).map(({ id }) => id)
}
