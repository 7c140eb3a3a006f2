import { expect } from 'chai'

import { systemClock } from '../../sdk/src/clock.js'
import { Loops } from '../../sdk/src/worker/Loops.js'

describe('worker: loops', () => {
  it('one that breaks long before it is waited for stops the others, and ends the process only by its daemon', async () => {
    const unheard: unknown[] = []
    const note = (reason: unknown): void => void unheard.push(reason)
    process.on('unhandledRejection', note)
    try {
      const loops = new Loops(new AbortController().signal)
      const broken = new Error('the database is gone')
      const running = loops.run(() => systemClock.sleep(10_000, loops.broken).catch(() => undefined))
      const proving = loops.run(() => Promise.reject(broken))
      const other = loops.run(() => Promise.reject(new Error('and so is this')))
      await running
      // What is under way gets its grace, and nobody waits for the loop that broke meanwhile.
      await systemClock.sleep(20)
      await proving
      await other
      expect(loops.broken.reason).to.equal(broken)
      expect(await loops.settled().catch((error: unknown) => error)).to.equal(broken)
    } finally {
      process.off('unhandledRejection', note)
    }
    expect(unheard).to.deep.equal([])
  })

  it('stop when what they act for is lost, also before the first of them begins', async () => {
    const why = new Error('the lock may be another’s')
    const lost = new AbortController()
    const [early, late] = [new Loops(lost.signal), new Loops(AbortSignal.abort(why))]
    lost.abort(why)
    for (const loops of [early, late]) {
      await loops.run(() => systemClock.sleep(10_000, loops.broken).catch(() => undefined))
      expect(await loops.settled().catch((error: unknown) => error)).to.equal(why)
    }
  })

  it('that end by themselves have broken nothing', async () => {
    const loops = new Loops(new AbortController().signal)
    void loops.run(() => Promise.resolve())
    await loops.settled()
    expect(loops.broken.aborted).to.equal(false)
  })
})
