import { expect } from 'chai'

import { systemClock } from '../../sdk/src/clock.js'
import { Loops } from '../../sdk/src/worker/Loops.js'
import { untilAborted } from '../../sdk/src/worker/untilAborted.js'

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

  it('are told to finish only when their daemon is done, and at once when another may be acting', async () => {
    const lost = new AbortController()
    const [finishing, losing] = [new Loops(new AbortController().signal), new Loops(lost.signal)]
    const signals: AbortSignal[] = []
    for (const loops of [finishing, losing])
      void loops.run(async (finished) => {
        signals.push(finished)
        await untilAborted(finished)
      })
    void finishing.run(() => Promise.reject(new Error('broken')))
    await systemClock.sleep(0)
    // What is under way is still written down.
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, false])
    const why = new Error('the lock may be another’s')
    lost.abort(why)
    expect(await losing.settled().catch((error: unknown) => error)).to.equal(why)
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, true])
    finishing.finish()
    expect(await finishing.settled().catch((error: Error) => error.message)).to.equal('broken')
  })

  it('that end by themselves have broken nothing', async () => {
    const loops = new Loops(new AbortController().signal)
    void loops.run(() => Promise.resolve())
    await loops.settled()
    expect(loops.broken.aborted).to.equal(false)
  })
})
