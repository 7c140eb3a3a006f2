/** Compares submitter keys and used nonces with the model. */
import { expect } from 'chai'

import type { State } from '../protocol/state.js'
import type { World } from '../World.js'

/** Compares all keys, and all nonces that are used. */
export async function compareKeys(world: World, state: State): Promise<void> {
  const { relay } = world.contracts
  for (const account of world.addresses) {
    for (const key of world.keys) {
      const want = state.keys.get(account)?.get(key) ?? 0
      expect(Number(await relay.submitterUntil(account, key)), `key ${key} of ${account}`).to.equal(want)
    }
  }
  for (const [account, used] of state.nonces) {
    const last = [...used].at(-1)!
    expect(await relay.isNonceUsed(account, last), `nonce ${last} of ${account}`).to.equal(true)
    if (!used.has(last + 1)) expect(await relay.isNonceUsed(account, last + 1), 'the nonce after it').to.equal(false)
  }
}
