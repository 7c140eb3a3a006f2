/** Compares network rewards with the model. */
import { expect } from 'chai'

import { comingTo } from '../protocol/rewards.js'
import type { Rules, State } from '../protocol/state.js'
import type { World } from '../World.js'

/** Compares the pool, the epochs, and what everybody has coming. */
export async function compareRewards(world: World, state: State, rules: Rules): Promise<void> {
  const { rewards, token } = world.contracts
  const { pool, epochs, earnings } = state.rewards
  expect(await rewards.pool(), 'pool of rewards').to.equal(pool)
  let owed = pool
  for (const [number, { points, money }] of [...epochs].slice(-2)) {
    const have = await rewards.epochs(number)
    expect([have.points, have.rewards], `epoch ${number} of rewards`).to.deep.equal([points, money])
  }
  for (const { money } of epochs.values()) owed += money
  for (const { due } of earnings.values()) owed += due
  expect(await token.balanceOf(rewards), 'tokens of the rewards').to.equal(owed)
  const { now } = await world.head()
  for (const account of world.addresses) {
    const { due, pending } = await rewards.rewardsOf(account)
    expect({ due, pending }, `rewards of ${account}`).to.deep.equal(comingTo(state, rules, now, account))
  }
}
