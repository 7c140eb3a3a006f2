/** Compares balances, wallets, bonds and the supply with the model: every contract holds what it owes. */
import { MaxUint256 } from 'ethers'
import { expect } from 'chai'

import type { State } from '../protocol/state.js'
import type { World } from '../World.js'

/** Compares all money. */
export async function compareMoney(world: World, state: State): Promise<void> {
  const { market, registry, token } = world.views
  let owed = 0n
  const accounts = world.addresses.map(async (address) => {
    const want = state.balances.get(address) ?? { free: 0n, nonce: 0, toBurn: 0n }
    owed += want.free + want.toBurn
    const [have, wallet, allowed, permits] = await Promise.all([
      market.accountOf(address),
      token.balanceOf(address),
      token.allowance(address, market),
      token.nonces(address),
    ])
    expect(allowed, `allowance of ${address}`).to.equal(state.allowances.get(address) ?? MaxUint256)
    expect(Number(permits), `permits of ${address}`).to.equal(state.permits.get(address) ?? 0)
    expect([have.balance, Number(have.nonce), have.toBurn], `account ${address}`).to.deep.equal([
      want.free,
      want.nonce,
      want.toBurn,
    ])
    expect(wallet, `wallet ${address}`).to.equal(state.wallets.get(address))
  })
  for (const { phase, fee, rules } of state.jobs) {
    if (phase === 'Pending') owed += fee
    if (phase === 'Proving') owed += fee - rules.assignBounty
  }
  let bonded = 0n
  for (const { bond } of state.seats.values()) bonded += bond
  for (const { bounty, burn } of state.reports.values()) bonded += bounty + burn
  const [ofMarket, ofRegistry, supply] = await Promise.all([
    token.balanceOf(market),
    token.balanceOf(registry),
    token.totalSupply(),
    ...accounts,
  ])
  expect(ofMarket, 'tokens of the market').to.equal(owed)
  expect(ofRegistry, 'tokens of the registry').to.equal(bonded)
  expect(supply, 'supply').to.equal(state.supply)
}
