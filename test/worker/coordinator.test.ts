import { expect } from 'chai'

import type { Contracts, EventBatch, WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock, type Clock } from '../../sdk/src/clock.js'
import { Agenda } from '../../sdk/src/worker/coordinate/Agenda.js'
import { Coordinator, type CoordinatorOptions } from '../../sdk/src/worker/coordinate/Coordinator.js'
import { EventStore } from '../../sdk/src/worker/store/EventStore.js'
import { JobStore } from '../../sdk/src/worker/store/JobStore.js'
import type { Database } from '../../sdk/src/worker/store/openDatabase.js'
import { DATABASES, useDatabases } from '../support/databases.js'
import { TestChain } from '../support/network/TestChain.js'

const HOUR_MS = 3_600_000

const named = (number: number): WorkloadId => `0x${number.toString(16).padStart(64, '0')}` as WorkloadId

for (const kind of DATABASES) {
  describe(`worker: where to look after a reorg (${kind})`, function () {
    this.timeout(120_000)
    const open = useDatabases(kind)
    let chain: TestChain
    let db: Database
    let agenda: Agenda
    let refreshed: number

    before(async () => {
      chain = await TestChain.start()
      await chain.provider.send('anvil_mine', ['0x20'])
      db = await open()
      for (const [number, hours] of [
        [1, 0],
        [2, 3],
        [3, 48],
      ] as const) {
        const clock: Clock = { ...systemClock, now: () => systemClock.now() - hours * HOUR_MS }
        const jobs = new JobStore(db, clock)
        const job = await jobs.add({ workload: named(number), seat: number }, false)
        await jobs.transition(job, 'failed', { closed: true })
      }
    })
    beforeEach(() => {
      agenda = new Agenda()
      refreshed = 0
    })
    after(async () => {
      await db.destroy()
      await chain.stop()
    })

    /** What a worker that is no keeper looks at after a reorg. */
    async function looksAt(provider: Partial<Contracts['provider']>, redoFrom: number): Promise<readonly WorkloadId[]> {
      const coordinator = new Coordinator({
        ...{ agenda, contracts: { provider }, clock: systemClock, config: { keeper: false } },
        ...{ events: new EventStore(db), jobs: new JobStore(db, systemClock) },
        ...{ chain: { refresh: () => void refreshed++ }, seats: { refresh: () => void refreshed++ } },
      } as unknown as CoordinatorOptions)
      const cursor = { start: 0, next: redoFrom, checkpoints: [] }
      const batch: EventBatch = { kind: 'reorg', redoFrom, because: 'replaced', cursor }
      await coordinator.onBatch(batch)
      return agenda.take(Number.MAX_SAFE_INTEGER, 10)
    }

    it('is what was closed since the first block that was undone, though no event of it is gone', async () => {
      await chain.provider.send('anvil_reorg', [2, []])
      const head = await chain.provider.getBlockNumber()
      expect(await looksAt(chain.provider, head - 1)).to.deep.equal([named(1)])
      expect(refreshed, 'seats, and facts of the chain').to.equal(2)
    })

    it('is what was closed within the day where nobody says when that block was, or it is older', async () => {
      const silent = { getBlock: () => Promise.reject(new Error('connection refused')) }
      expect(await looksAt(silent, 20)).to.have.members([named(1), named(2)])
      const old = { getBlock: async () => ({ timestamp: 1 }) as never }
      expect(await looksAt(old, 20)).to.have.members([named(1), named(2)])
    })

    it('is all that was closed of late where the chain is ahead of this clock', async () => {
      const ahead = { getBlock: async () => ({ timestamp: Date.now() / 1000 + 86_400 }) as never }
      expect(await looksAt(ahead, 20)).to.deep.equal([named(1)])
    })
  })
}
