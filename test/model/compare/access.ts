/** Compares lists with the model. */
import { expect } from 'chai'

import { ACCESS_LISTS } from '../../../sdk/src/chain/index.js'
import type { State } from '../protocol/state.js'
import type { World } from '../World.js'

/** Compares who is on which list. */
export async function compareAccess(world: World, state: State): Promise<void> {
  const { market, registry } = world.views
  const { lists } = state
  const opened = async () => expect(await registry.isOpen(), 'admission').to.equal(lists.Operators.isOpen)
  const listed = world.addresses.flatMap((account) => [
    ...ACCESS_LISTS.map(async (list, number) => {
      const { isOpen, admitted } = lists[list]
      const have = await market.isAdmitted(number, account)
      expect(have, `${account} on the list of ${list}`).to.equal(isOpen || admitted.has(account))
    }),
    (async () => {
      const have = await registry.admitted(account)
      expect(have, `operator ${account}`).to.equal(lists.Operators.admitted.has(account))
    })(),
  ])
  await Promise.all([opened(), ...listed])
}
