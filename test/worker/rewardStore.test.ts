import { expect } from 'chai'
import { sql, type KyselyPlugin } from 'kysely'

import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock, type Clock } from '../../sdk/src/clock.js'
import type { Database } from '../../sdk/src/worker/store/openDatabase.js'
import { RewardStore } from '../../sdk/src/worker/store/RewardStore.js'
import { DATABASES, useDatabases } from '../support/databases.js'
import { QueryPlans } from '../support/QueryPlans.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const named = (number: number): WorkloadId => `0x${number.toString(16).padStart(64, '0')}` as WorkloadId

for (const kind of DATABASES) {
  describe(`worker: store of rewards (${kind})`, () => {
    const open = useDatabases(kind)
    let db: Database
    let store: RewardStore
    let now: number
    const clock: Clock = { ...systemClock, now: () => now }

    beforeEach(async () => {
      db = await open()
      now = 100 * DAY_MS
      store = new RewardStore(db, clock)
    })
    afterEach(async () => {
      await db.destroy()
    })

    async function paid(number: number, at = now): Promise<void> {
      const job = { open: false, state: 'settled', delivered: false, rank: 1, closed: true, created_at: 0 } as const
      await db
        .insertInto('jobs')
        .values({ ...job, workload: named(number), seat: 1, updated_at: at })
        .execute()
    }

    it('knows what is not recorded, oldest first, however long it waits, and what a reorg took off the records', async () => {
      for (const [number, age] of [3, 2, 1].entries()) await paid(number, now - age * DAY_MS)
      expect(await store.unrecorded(2)).to.deep.equal([0, 1].map(named))
      await store.note([named(0)])
      expect(await store.unrecorded(9)).to.deep.equal([1, 2].map(named))
      // What is set aside is still to be recorded.
      expect(await store.unrecorded(9, [named(1)])).to.deep.equal([named(2)])
      expect(await store.unrecorded(9)).to.deep.equal([1, 2].map(named))
      await store.note([named(1), named(2)])
      expect(await store.unrecorded(9)).to.be.empty
      now += DAY_MS
      expect(await store.unrecorded(9)).to.be.empty
      // A clock that was set back dates it before the last look.
      await paid(3, now - HOUR_MS / 2)
      expect(await store.unrecorded(9)).to.deep.equal([named(3)])
      await store.note([named(3)])
      expect(await store.unrecorded(9)).to.be.empty
      await store.forgetSince(now - DAY_MS)
      expect(await store.unrecorded(9)).to.deep.equal([0, 1, 2, 3].map(named))
    })

    it('a reorg that comes while it looks is not lost', async () => {
      await paid(0, now - 2 * DAY_MS)
      await store.note([named(0)])
      let open: () => void = () => undefined
      let gate: Promise<void> | undefined = new Promise((resolve) => (open = resolve))
      const holdsFirst: KyselyPlugin = {
        transformQuery: ({ node }) => node,
        transformResult: async ({ result }) => {
          const held = gate
          gate = undefined
          await held
          return result
        },
      }
      store = new RewardStore(db.withPlugin(holdsFirst), clock)
      const looking = store.unrecorded(9)
      await store.forgetSince(now)
      open()
      expect(await looking).to.be.empty
      expect(await store.unrecorded(9)).to.deep.equal([named(0)])
    })

    // Of much that is recorded, `not in` was a matter of minutes, in which an embedded database lets nothing else of the process on.
    it('reads what is recorded at most once, and after the first look not even that', async () => {
      await sql`insert into jobs (workload, seat, open, state, delivered, rank, paid, closed, created_at, updated_at)
        select '0x' || lpad(to_hex(n), 64, '0'), 1, false, 'settled', false, 1, '5', true, n, n
        from generate_series(1, 20000) as n`.execute(db)
      await sql`insert into recorded_rewards select workload, updated_at from jobs`.execute(db)
      await sql`analyze`.execute(db)
      const plans = new QueryPlans()
      const planned = new RewardStore(db.withPlugin(plans), clock)
      await planned.unrecorded(32)
      await planned.unrecorded(32)
      const [first, second] = plans.all
      expect(first)
        .to.match(/Anti Join/)
        .and.not.to.match(/SubPlan/)
      expect(second)
        .to.match(/Index/)
        .and.not.to.match(/Seq Scan on jobs/)
    })
  })
}
