/** Compares network rewards with the model. */
import { expect } from 'chai'

import { comingTo } from '../protocol/rewards.js'
import type { Rules, State } from '../protocol/state.js'
import type { World } from '../World.js'

/** Compares the pool, the epochs, and what everybody has coming. */
export async function compareRewards(world: World, state: State, rules: Rules): Promise<void> {
  const { rewards, token } = world.views
  const { pool, epochs, earnings } = state.rewards
  let owed = pool
  const newest = [...epochs].slice(-2).map(async ([number, { points, money }]) => {
    const have = await rewards.epochs(number)
    expect([have.points, have.rewards], `epoch ${number} of rewards`).to.deep.equal([points, money])
  })
  for (const { money } of epochs.values()) owed += money
  for (const { due } of earnings.values()) owed += due
  const { now } = await world.head()
  const accounts = world.addresses.map(async (account) => {
    const { due, pending } = await rewards.rewardsOf(account)
    expect({ due, pending }, `rewards of ${account}`).to.deep.equal(comingTo(state, rules, now, account))
  })
  const [left, held] = await Promise.all([rewards.pool(), token.balanceOf(rewards), ...newest, ...accounts])
  expect(left, 'pool of rewards').to.equal(pool)
  expect(held, 'tokens of the rewards').to.equal(owed)
}
