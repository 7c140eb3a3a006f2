/** Compares submitter keys and used nonces with the model. */
import { expect } from 'chai'

import type { State } from '../protocol/state.js'
import type { World } from '../World.js'

/** Compares all keys, and all nonces that are used. */
export async function compareKeys(world: World, state: State): Promise<void> {
  const { relay } = world.views
  const keys = world.addresses.flatMap((account) =>
    world.keys.map(async (key) => {
      const want = state.keys.get(account)?.get(key) ?? 0
      expect(Number(await relay.submitterUntil(account, key)), `key ${key} of ${account}`).to.equal(want)
    }),
  )
  const nonces = [...state.nonces].flatMap(([account, used]) => {
    const last = [...used].at(-1)!
    return [last, last + 1].map(async (nonce) => {
      expect(await relay.isNonceUsed(account, nonce), `nonce ${nonce} of ${account}`).to.equal(used.has(nonce))
    })
  })
  await Promise.all([...keys, ...nonces])
}
