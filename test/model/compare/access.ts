/** Compares lists with the model. */
import { expect } from 'chai'

import { ACCESS_LISTS } from '../../../sdk/src/chain/index.js'
import type { State } from '../protocol/state.js'
import type { World } from '../World.js'

/** Compares who is on which list. */
export async function compareAccess(world: World, state: State): Promise<void> {
  const { market, registry } = world.contracts
  const { lists } = state
  expect(await registry.isOpen(), 'admission').to.equal(lists.Operators.isOpen)
  for (const account of world.addresses) {
    for (const [number, list] of ACCESS_LISTS.entries()) {
      const { isOpen, admitted } = lists[list]
      const have = await market.isAdmitted(number, account)
      expect(have, `${account} on the list of ${list}`).to.equal(isOpen || admitted.has(account))
    }
    expect(await registry.admitted(account), `operator ${account}`).to.equal(lists.Operators.admitted.has(account))
  }
}
