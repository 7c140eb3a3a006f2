/** Acts of the owner that bear on what comes later: rules, class terms, bonds, policies. Live workloads and open checks keep theirs. */
import { parseEther, ZeroAddress } from 'ethers'

import { CHECKED, PLAIN } from '../parameters.js'
import * as choices from '../protocol/choices.js'
import type { Policy, WorkRules } from '../protocol/state.js'
import type { Call, Scene } from './call.js'
import { choose } from './step.js'

const GWEI = 1_000_000_000n
const HOUR = 3_600
const DAY = 86_400

/** The call of such an act; undefined for other acts. */
export function choiceAct(scene: Scene): Call | undefined {
  switch (scene.step.act) {
    case 'addRules':
      return addRules(scene)
    case 'setTerms':
      return setTerms(scene)
    case 'setBond':
      return setBond(scene)
    case 'setPolicy':
      return setPolicy(scene)
    default:
      return undefined
  }
}

/** Rules within the bounds; the longest and shortest of each are among them. */
function someRules(n: number): WorkRules {
  const [committeeBps, verdictWindow] = choose(
    [[500n, 900] as const, [100n, 300] as const, [1_000n, HOUR] as const, [0n, 0] as const],
    n >> 2,
  )!
  return {
    responseWindow: choose([20, 0, 35, 511], n)!,
    silenceWindow: choose([1_500, 700, 4_000, 3 * DAY], n >> 1)!,
    revealDelay: choose([5, 0, 40], n)!,
    revealWindow: choose([120, 1, 400, HOUR], n >> 3)!,
    cancelDelay: choose([15, 0, 90], n >> 1)!,
    baseBurnBps: choose([500n, 0n, 2_000n], n >> 4)!,
    ...{ committeeBps, verdictWindow },
    assignBounty: choose([500_000n, 0n, 1_234_000n, 4_194_303_000n], n >> 2)! * GWEI,
    settleBounty: choose([500_000n, 3_000_000n, 0n], n)! * GWEI,
  }
}

/** One thing that is out of bounds. */
function wrongRules(n: number, rules: WorkRules): WorkRules {
  const wrong: readonly Partial<WorkRules>[] = [
    { responseWindow: 512 },
    { responseWindow: 200, silenceWindow: 199 },
    { silenceWindow: 3 * DAY + 1 },
    { revealWindow: 0 },
    { revealWindow: HOUR + 1 },
    { revealDelay: HOUR + 1 },
    { cancelDelay: HOUR + 1 },
    { baseBurnBps: 2_001n },
    { assignBounty: 500_001n * GWEI },
    { settleBounty: 4_194_304_000n * GWEI },
    { committeeBps: 99n, verdictWindow: 100 },
    { committeeBps: 500n, verdictWindow: 0 },
    { committeeBps: 1_001n, verdictWindow: 100 },
    { committeeBps: 500n, verdictWindow: HOUR + 1 },
  ]
  return { ...rules, ...choose(wrong, n) }
}

function addRules({ world, rules: network, step: { n } }: Scene): Call {
  const rules = n % 7 === 0 ? wrongRules(n >> 3, someRules(n)) : someRules(n)
  const { assignBounty, settleBounty } = rules
  const inGwei = { assignBounty: assignBounty / GWEI, settleBounty: settleBounty / GWEI }
  const args = [{ ...rules, ...inGwei, beacon: world.contracts.addresses.beacon }]
  return { target: 'market', name: 'addRules', args, play: (s, m) => choices.addRules(s, network, m, rules) }
}

function setTerms({ state, rules: network, step: { n, seat } }: Scene): Call {
  const of = n % 4 === 0 ? CHECKED : PLAIN
  const last = state.written.length
  const rules = n % 47 === 0 ? 0 : n % 23 === 0 ? last + 1 : n % 2 === 0 ? last : 1 + (seat % last)
  const minimumFee = choose([10_000_000n, 20_000_000n, 4_000_000n, 0n], n >> 3)!
  const minimumRate = choose([1_000n, 0n, 50_000n], n >> 2)!
  const terms = { minimum: { fee: minimumFee * GWEI, rate: minimumRate * GWEI }, rules }
  const play: Call['play'] = (s, m) => choices.setTerms(s, network, m, of, terms)
  return { target: 'market', name: 'setClassTerms', args: [of, { minimumFee, minimumRate, rules }], play }
}

function setBond({ rules: network, step: { n } }: Scene): Call {
  const of = n % 3 === 0 ? CHECKED : PLAIN
  const bond = n % 13 === 0 ? 0n : choose([1_000n, 1_000n, 900n, 1_100n], n >> 2)! * parseEther('1')
  const slashBps = n % 17 === 0 ? 5_001n : choose([1_000n, 5_000n, 0n], n >> 1)!
  const bountyBps = n % 19 === 0 ? 1_001n : choose([1_000n, 0n, 500n], n >> 3)!
  const declineQuota = choose([4, 0, 1], n >> 2)!
  const play: Call['play'] = (s, m) =>
    choices.setBond(s, network, m, of, { bond, discipline: { slashBps, bountyBps, declineQuota } })
  return { target: 'registry', name: 'setClassBond', args: [of, { bond, slashBps, bountyBps, declineQuota }], play }
}

/** A policy with the puzzle that is there; now and then one out of bounds, or none. */
function setPolicy({ world, state, rules: network, step: { n } }: Scene): Call {
  const { work } = state.schedules.get(CHECKED)!.checks.at(-1)!.policy
  const window = choose([200, 100, 400], n)!
  const fits: Policy = {
    ...{ work, window },
    period: choose([3_000, 2 * window, 5_000], n >> 1)!,
    fractionBps: choose([5_000n, 10_000n, 1n, 7_000n], n >> 2)!,
    excuses: choose([2, 0, 7], n >> 3)!,
    chargeBps: choose([500n, 0n, 100n], n >> 1)!,
  }
  const wrong: readonly Partial<Policy>[] = [
    { window: 0 },
    { window: HOUR + 1, period: 3 * HOUR },
    { period: 2 * window - 1 },
    { period: 302_401 },
    { fractionBps: 0n },
    { fractionBps: 10_001n },
    { excuses: 8 },
    { chargeBps: 501n },
  ]
  const policy = n % 11 === 0 ? undefined : n % 5 === 0 ? { ...fits, ...choose(wrong, n >> 3) } : fits
  const puzzle = policy === undefined ? ZeroAddress : world.puzzle
  const { work: _, ...terms } = policy ?? fits
  const args = [CHECKED, { ...terms, puzzle, beacon: world.contracts.addresses.beacon }]
  const play: Call['play'] = (s, m) => choices.setPolicy(s, network, m, CHECKED, policy)
  return { target: 'qualification', name: 'setPolicy', args, play }
}
