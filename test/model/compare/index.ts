/** Compares everything the contracts tell about their state with the model. */
import type { Rules, State } from '../protocol/state.js'
import type { World } from '../World.js'
import { compareAccess } from './access.js'
import { compareChecks } from './checks.js'
import { compareChoices } from './choices.js'
import { compareJudging, compareOwed } from './judging.js'
import { compareKeys } from './keys.js'
import { compareMoney } from './money.js'
import { compareRewards } from './rewards.js'
import { compareSeats } from './seats.js'
import { compareJobs } from './workloads.js'

/** Compares the workloads `touched` and all else; throws at the first difference. */
export async function compare(world: World, state: State, rules: Rules, touched: Iterable<number>): Promise<void> {
  const numbers = [...touched]
  await Promise.all([
    compareJobs(world, state, numbers),
    compareJudging(world, state, rules, numbers),
    compareOwed(world, state),
    compareSeats(world, state),
    compareMoney(world, state),
    compareKeys(world, state),
    compareAccess(world, state),
    compareChoices(world, state),
    compareChecks(world, state),
    compareRewards(world, state, rules),
  ])
}
