import { expect } from 'chai'

import { systemClock } from '../../sdk/src/clock.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'

describe('worker: the time of the chain', () => {
  const start = 1_800_000_000
  let [wall, passed] = [0, 0]
  let time: ChainTime

  beforeEach(() => {
    ;[wall, passed] = [Date.now(), 500]
    time = new ChainTime({ ...systemClock, now: () => wall, elapsed: () => passed })
  })

  it('goes on between blocks, and is what the newest block says', () => {
    expect(time.now()).to.equal(0)
    time.see(7, start)
    expect([time.block, time.now()]).to.deep.equal([7, start])
    passed += 12_900
    expect(time.now()).to.equal(start + 12)
    time.see(8, start + 10)
    expect([time.block, time.now()]).to.deep.equal([8, start + 10])
  })

  for (const jump of [-86_400, -3_600, 3_600, 86_400]) {
    it(`is the same when the machine's clock is set ${jump} s on: no deadline passes or comes back by it`, () => {
      time.see(7, start)
      passed += 3_000
      wall += jump * 1_000
      expect(time.now()).to.equal(start + 3)
    })
  }
})
