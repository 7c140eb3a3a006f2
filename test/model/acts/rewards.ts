/** Acts of network rewards. */
import { parseEther } from 'ethers'

import { receiptEntry, type Hex } from '../../../sdk/src/chain/index.js'
import * as rewards from '../protocol/rewards.js'
import type { Job } from '../protocol/state.js'
import type { Call, Scene } from './call.js'
import { choose } from './step.js'

/** The call of an act of rewards; undefined for other acts. */
export function rewardAct(scene: Scene): Call | undefined {
  const { world, state, rules, caller, step } = scene
  const { act, n } = step
  const call = { target: 'rewards', name: act } as const
  switch (act) {
    case 'record':
      return record(scene)
    case 'claim': {
      const earning = choose([...state.rewards.earnings.keys()], n >> 2) ?? choose(world.addresses, n)!
      const first = n % 9 === 0 ? [] : [earning, caller]
      const operators = n % 3 === 0 ? [...first, ...first] : n % 7 === 0 ? world.addresses : first
      return { ...call, args: [operators], play: (s, m) => rewards.claim(s, rules, m, operators) }
    }
    case 'fund': {
      const amount = n % 11 === 0 ? parseEther('90000') : BigInt(n) * 10n ** 13n
      return { ...call, args: [amount], play: (s, m) => rewards.fund(s, m, amount) }
    }
    default:
      return ownerAct(scene)
  }
}

function ownerAct({ world, rules, step: { act, n } }: Scene): Call | undefined {
  const call = { target: 'rewards', name: act } as const
  const listed = n % 3 > 0
  switch (act) {
    case 'setRewards': {
      const budget = BigInt(n % 5) * 10n ** 16n
      const kappaBps = [9_000n, 9_500n, 9_501n, 1n, 0n][n % 5]!
      const boostBps = [9_000n, 30_000n, 20_000n, 30_001n][n % 4]!
      const play: Call['play'] = (s, m) => rewards.setParameters(s, rules, m, { budget, kappaBps, boostBps })
      return { ...call, name: 'setParameters', args: [budget, kappaBps, boostBps], play }
    }
    case 'listProgram': {
      const { id, number } = choose(world.programs, n >> 2)!
      const play: Call['play'] = (s, m) => rewards.list(rules, m, s.rewards.programs, number, listed)
      return { ...call, args: [id, listed], play }
    }
    case 'listRequester': {
      const requester = choose(world.addresses, n >> 2)!
      const play: Call['play'] = (s, m) => rewards.list(rules, m, s.rewards.requesters, requester, listed)
      return { ...call, args: [requester, listed], play }
    }
    default:
      return undefined
  }
}

/** One or two receipts: mostly true ones of workloads that are not recorded. */
function record({ world, state, rules, step: { n, seat } }: Scene): Call | undefined {
  const fresh = state.jobs.filter(({ receipt, number }) => receipt !== undefined && !state.rewards.recorded.has(number))
  const first = n % 9 === 0 ? choose(state.jobs, seat) : (choose(fresh, seat) ?? choose(state.jobs, seat))
  if (first === undefined) return undefined
  const second = choose(n % 5 === 0 ? state.jobs : fresh, seat + 1)
  const all = [first, ...(n % 3 === 0 && second !== undefined ? [second] : [])].map((job, k) =>
    receiptOf(world, job, n + k),
  )
  const play: Call['play'] = (s, m) => rewards.record(s, rules, m, all)
  return {
    target: 'rewards',
    name: 'record',
    args: [all.map(({ spec, burned, entries }) => ({ spec, burned, entries }))],
    play,
  }
}

/** A workload's receipt, with a lie in one of eight. */
function receiptOf(world: Scene['world'], { number, receipt }: Job, n: number) {
  const { burned, ranks, orders } = receipt ?? { burned: BigInt(n), ranks: [], orders: [] }
  const lie = n % 8 === 1 ? (n >> 3) % 4 : undefined
  const entries = ranks.map(({ seat, operator, open }, rank) =>
    receiptEntry(operator as Hex, seat, orders[rank]!, open),
  )
  const { spec } = world.jobs[number]!
  return {
    job: number,
    isTrue: lie === undefined,
    burned: lie === 0 ? burned + 1n : burned,
    entries: lie === 1 ? entries.map((entry) => entry ^ 1n) : lie === 2 ? [...entries, 1n] : entries,
    spec: lie === 1 || lie === 3 ? { ...spec, terms: spec.terms ^ 1n } : spec,
  }
}
