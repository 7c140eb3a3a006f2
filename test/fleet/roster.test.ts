import { expect } from 'chai'

import { systemClock, type Clock } from '../../sdk/src/clock.js'
import { Roster } from '../../sdk/src/worker/fleet/Roster.js'
import type { KnownRunner } from '../../sdk/src/worker/fleet/RunnerBook.js'
import { SMALL } from '../support/FleetFloor.js'

describe('fleet: who is there', () => {
  it('a machine that was not heard of for five minutes is not waited for', () => {
    let now = 1_000_000
    const clock: Clock = { ...systemClock, elapsed: () => now }
    const runner = { id: 'x', capacity: { ...SMALL, runs: 1 }, isReady: true, seenSeconds: 0 } as KnownRunner
    const roster = new Roster(clock)
    roster.see([runner])
    now += 299_000
    roster.see([])
    expect(roster.hasFor(SMALL, new Map())).to.equal(true)
    expect(roster.hasFor(SMALL, new Map([['x', 'refused']]))).to.equal(false)
    expect(roster.hasFor({ ...SMALL, gpus: 1 }, new Map())).to.equal(false)
    now += 2_000
    roster.see([{ ...runner, isReady: false, seenSeconds: 301 }])
    expect(roster.hasFor(SMALL, new Map())).to.equal(false)
  })
})
