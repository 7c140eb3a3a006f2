/** Compares what the owner chose with the model. */
import { expect } from 'chai'

import { disciplineAt } from '../protocol/registry.js'
import type { State } from '../protocol/state.js'
import type { World } from '../World.js'

const GWEI = 1_000_000_000n

/** Compares the newest rules, and the terms of the classes now and to come. */
export async function compareChoices(world: World, state: State): Promise<void> {
  const { market, registry, qualification } = world.views
  const { now } = await world.head()
  const newest = async (): Promise<void> => {
    const number = state.written.length
    const { assignBounty, settleBounty, ...windows } = state.written.at(-1)!
    const have = await market.rulesOf(number)
    const want = { ...windows, assignBounty: assignBounty / GWEI, settleBounty: settleBounty / GWEI }
    for (const [field, value] of Object.entries(want)) {
      expect(have[field as keyof typeof want], `${field} of rules ${number}`).to.equal(BigInt(value))
    }
    expect((await market.rulesOf(number + 1)).revealWindow, 'rules not written yet').to.equal(0n)
  }
  const ofClass = [...state.classes].map(async ([of, terms]) => {
    const [have, bonds, next] = await Promise.all([
      market.classTermsOf(of),
      registry.classBonds(of),
      registry.nextClassBond(of),
    ])
    const { minimum, rules, bond, coming } = terms
    const chosen = [have.minimumFee * GWEI, have.minimumRate * GWEI, have.rules]
    expect(chosen, `terms of class ${of}`).to.deep.equal([minimum.fee, minimum.rate, BigInt(rules)])
    const { slashBps, bountyBps, declineQuota } = disciplineAt(terms, now)
    const want = [bond, slashBps, bountyBps, BigInt(declineQuota)]
    expect([...bonds], `bond of class ${of}`).to.deep.equal(want)
    const waits = coming !== undefined && now < coming.from
    expect(next.from, `when the terms of class ${of} change`).to.equal(waits ? BigInt(coming.from) : 0n)
  })
  const policies = [...state.schedules].map(async ([of, { policy }]) => {
    expect(await qualification.mustQualify(of), `puzzle of class ${of}`).to.equal(policy !== undefined)
  })
  await Promise.all([newest(), ...ofClass, ...policies])
}
