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

    it('adds what was left out before the cursor, which stays; another event in the same place was replaced', async () => {
      const db = await open()
      try {
        const events = new EventStore(db)
        const batch = { kind: 'events', from: 0, to: { number: 99, hash: named(99) }, time: 1_000 } as const
        const cursor = { start: 0, next: 100, checkpoints: [] }
        await events.apply({ ...batch, events: [10, 20].map(finished), cursor })
        const other = { ...finished(20), args: { ...finished(20).args, workload: named(21) } }
        await events.add([finished(10), finished(15), other])
        expect(await events.cursor()).to.deep.equal(cursor)
        expect(await events.endedWithin(100)).to.deep.equal([10, 15, 21].map(named))
        expect((await events.named('Finished')).map(({ args }) => args.workload)).to.deep.equal([10, 15, 21].map(named))
      } finally {
        await db.destroy()
      }
    })

    it('a batch takes the place of all that was stored of its blocks, and of no others', async () => {
      const db = await open()
      try {
        const events = new EventStore(db)
        const to = { number: 99, hash: named(99) }
        const all = {
          kind: 'events',
          from: 0,
          to,
          time: 1_000,
          cursor: { start: 0, next: 100, checkpoints: [] },
        } as const
        await events.apply({ ...all, events: [10, 49, 50, 60, 70, 71].map(finished) })
        const middle = { from: 50, to: { number: 70, hash: named(70) }, cursor: { ...all.cursor, next: 71 } }
        await events.apply({ ...all, ...middle, events: [60, 65].map(finished) })
        expect(await events.endedWithin(71)).to.deep.equal([10, 49, 60, 65, 71].map(named))
      } finally {
        await db.destroy()
      }
    })
  })
