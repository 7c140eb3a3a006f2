/** Compares balances, wallets, bonds and the supply with the model: every contract holds what it owes. */
import { expect } from 'chai'

import type { Rules, State } from '../protocol/state.js'
import type { World } from '../World.js'

/** Compares all money. */
export async function compareMoney(world: World, state: State, rules: Rules): Promise<void> {
  const { market, registry, token } = world.contracts
  let owed = 0n
  for (const address of world.addresses) {
    const have = await market.accountOf(address)
    const want = state.balances.get(address) ?? { free: 0n, nonce: 0, toBurn: 0n }
    expect([have.balance, Number(have.nonce), have.toBurn], `account ${address}`).to.deep.equal([
      want.free,
      want.nonce,
      want.toBurn,
    ])
    expect(await token.balanceOf(address), `wallet ${address}`).to.equal(state.wallets.get(address))
    owed += want.free + want.toBurn
  }
  for (const { phase, fee } of state.jobs) {
    if (phase === 'Pending') owed += fee
    if (phase === 'Proving') owed += fee - rules.assignBounty
  }
  expect(await token.balanceOf(market), 'tokens of the market').to.equal(owed)
  let bonded = 0n
  for (const { bond } of state.seats.values()) bonded += bond
  for (const { bounty, burn } of state.reports.values()) bonded += bounty + burn
  expect(await token.balanceOf(registry), 'tokens of the registry').to.equal(bonded)
  expect(await token.totalSupply(), 'supply').to.equal(state.supply)
}
