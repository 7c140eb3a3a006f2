import { expect } from 'chai'
import type { MarketEvent, WorkloadId } from '../../sdk/src/chain/index.js'
import { EventStore } from '../../sdk/src/worker/store/EventStore.js'
import { DATABASES, useDatabases } from '../support/databases.js'

const named = (number: number): WorkloadId => `0x${number.toString(16).padStart(64, '0')}` as WorkloadId

function finished(block: number): MarketEvent<'Finished'> {
  return {
    contract: 'market',
    name: 'Finished',
    args: { workload: named(block), outcome: 'Proven', paid: 1n, burned: 0n },
    at: { block, logIndex: 0 },
  } as MarketEvent<'Finished'>
}

for (const kind of DATABASES)
  describe(`worker: event store (${kind})`, () => {
    const open = useDatabases(kind)

    it('tells what ended lately, counted from where the follower stands, also before this process saw a block', async () => {
      const db = await open()
      try {
        const events = new EventStore(db)
        expect(await events.endedWithin(10)).to.be.empty
        const blocks = [3, 89, 90, 99]
        const batch = { kind: 'events', from: 0, to: { number: 99, hash: named(99) }, time: 1_000 } as const
        await events.apply({ ...batch, events: blocks.map(finished), cursor: { start: 0, next: 100, checkpoints: [] } })
        expect(await new EventStore(db).endedWithin(10)).to.deep.equal([90, 99].map(named))
        expect(await events.endedWithin(25_000)).to.deep.equal(blocks.map(named))
        await events.apply({
          kind: 'reorg',
          redoFrom: 95,
          because: 'replaced',
          cursor: { start: 0, next: 95, checkpoints: [] },
        })
        expect(await events.endedWithin(10)).to.deep.equal([89, 90].map(named))
      } finally {
        await db.destroy()
      }
    })
  })
