import { expect } from 'chai'

import type { ProgramId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { RunHistory } from '../../sdk/src/worker/store/RunHistory.js'
import { DATABASES, useDatabases } from '../support/databases.js'

const PROGRAM = `0x${'11'.repeat(32)}` as ProgramId
const OTHER = `0x${'12'.repeat(32)}` as ProgramId
const DAY_MS = 86_400_000

for (const kind of DATABASES) {
  describe(`worker: what runs take here (${kind})`, () => {
    const open = useDatabases(kind)
    let now: number
    let history: RunHistory
    let close: () => Promise<void>

    beforeEach(async () => {
      now = 1_000_000_000_000
      const db = await open()
      close = () => db.destroy()
      // One after the other, as on a machine.
      history = new RunHistory(db, { ...systemClock, now: () => now++ })
    })
    afterEach(() => close())

    /** Good runs, each of a workload that gave so much time. */
    async function ran(maxRunTime: number, ...seconds: readonly number[]): Promise<void> {
      for (const each of seconds) await history.add(PROGRAM, maxRunTime, each, 'ok')
    }
    const times = (maxRunTime: number) => history.runTimes(PROGRAM, maxRunTime)

    it('nothing, of what never ran, and of runs that went wrong or are of another program', async () => {
      for (const outcome of ['crash', 'aborted', 'program-error']) await history.add(PROGRAM, 100, 50, outcome)
      await history.add(OTHER, 100, 50, 'ok')
      await history.judged(PROGRAM, true)
      expect(await times(100)).to.be.undefined
      expect(await history.isKnown(PROGRAM)).to.be.false
      expect(await history.isKnown(OTHER)).to.be.true
    })

    it('a long run of a workload that gave more time says nothing of those that give less', async () => {
      await ran(420, 300)
      expect(await times(140)).to.be.undefined
      expect(await times(420)).to.deep.equal({ longest: 300, shortest: 300 })
      expect(await history.isKnown(PROGRAM)).to.be.true
      await ran(140, 20)
      expect(await times(140)).to.deep.equal({ longest: 20, shortest: 20 })
      expect(await times(420)).to.deep.equal({ longest: 300, shortest: 20 })
    })

    it('the last twenty count, and one short run among them is the shortest', async () => {
      await ran(140, 20)
      await ran(140, ...Array<number>(19).fill(120))
      expect(await times(140)).to.deep.equal({ longest: 120, shortest: 20 })
      await ran(140, 120)
      expect(await times(140)).to.deep.equal({ longest: 120, shortest: 120 })
      // Runs with more time push none of them out.
      await ran(420, ...Array<number>(20).fill(300))
      expect(await times(140)).to.deep.equal({ longest: 120, shortest: 120 })
    })

    it('what was stopped for want of time counts for a day as somewhat longer, and never hides a good run', async () => {
      await history.add(PROGRAM, 140, 100, 'timeout')
      expect((await times(140))?.shortest).to.be.closeTo(110, 0.001)
      // One that was stopped early tells nothing new.
      await history.stopped(PROGRAM, 140, 5)
      expect((await times(140))?.shortest).to.be.closeTo(110, 0.001)
      expect(await times(139)).to.be.undefined
      expect(await history.isKnown(PROGRAM)).to.be.false
      // No run lasts longer than its workload lets it.
      await history.stopped(PROGRAM, 140, 139)
      expect(await times(140)).to.deep.equal({ longest: 140, shortest: 140 })
      await ran(140, 30)
      expect(await times(140)).to.deep.equal({ longest: 140, shortest: 30 })
      now += DAY_MS
      expect(await times(140)).to.deep.equal({ longest: 30, shortest: 30 })
    })
  })
}
