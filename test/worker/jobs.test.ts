import { expect } from 'chai'
import { sql } from 'kysely'

import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { JOB_STATES, assertTransition, canBecome, isOver, type JobState } from '../../sdk/src/worker/job/transitions.js'
import { JobStore } from '../../sdk/src/worker/store/JobStore.js'
import type { Database } from '../../sdk/src/worker/store/openDatabase.js'
import { DATABASES, useDatabases } from '../support/databases.js'
import { QueryPlans } from '../support/QueryPlans.js'
import { rejected } from '../support/rejected.js'
import { thrown } from '../support/thrown.js'

const WORKLOAD = `0x${'ab'.repeat(32)}` as WorkloadId
const KEY = { workload: WORKLOAD, seat: 7 }

describe('worker: job state machine', () => {
  it('has one way to a paid proof, and out of every end only back to where a seat owes or has shown a proof', () => {
    const way: readonly JobState[] = ['assigned', 'fetching', 'running', 'proved', 'committed', 'revealed', 'settled']
    way.slice(1).forEach((state, index) => expect(canBecome(way[index]!, state), state).to.be.true)
    const back: readonly JobState[] = ['assigned', 'committed', 'revealed']
    for (const state of JOB_STATES) {
      expect(canBecome(state, state), `${state} to itself`).to.be.false
      if (isOver(state)) for (const to of back) expect(canBecome(state, to), `${state} to ${to}`).to.be.true
      for (const end of ['settled', 'lost', 'expired'] as const)
        expect(canBecome(end, state), `${end} to ${state}`).to.equal(back.includes(state))
    }
  })

  it('throws for everything that is not in the table', () => {
    const illegal: readonly (readonly [JobState, JobState])[] = [
      ['assigned', 'proved'],
      ['committed', 'proved'],
      ['committed', 'declined'],
      ['revealed', 'committed'],
      ['revealed', 'failed'],
      ['proved', 'declined'],
    ]
    for (const [from, to] of illegal) {
      expect(thrown(() => assertTransition(from, to)).code).to.equal('WORKER_TRANSITION_ILLEGAL')
    }
  })
})

for (const kind of DATABASES) {
  describe(`worker: job store (${kind})`, () => {
    const open = useDatabases(kind)
    let db: Database
    let jobs: JobStore

    beforeEach(async () => {
      db = await open()
      jobs = new JobStore(db, systemClock)
    })
    afterEach(async () => {
      await db.destroy()
    })

    it('adds a job once', async () => {
      const job = await jobs.add(KEY, false)
      expect(job).to.include({ state: 'assigned', open: false, closed: false, delivered: false })
      const moved = await jobs.transition(job, 'fetching')
      expect(await jobs.add(KEY, true)).to.deep.equal(moved)
    })

    it('writes transitions with their history, and refuses those of a job that has moved on', async () => {
      const job = await jobs.add(KEY, false)
      await jobs.transition(job, 'fetching', { why: 'started' })
      expect((await rejected(jobs.transition(job, 'failed'), 'WORKER_TRANSITION_ILLEGAL')).retryable).to.be.false
      const history = await db.selectFrom('job_history').selectAll().orderBy('id').execute()
      expect(history.map(({ from_state, to_state, why }) => [from_state, to_state, why])).to.deep.equal([
        [null, 'assigned', null],
        ['assigned', 'fetching', 'started'],
      ])
    })

    it('opens a lost job again when its seat is drawn again', async () => {
      const lost = await jobs.transition(await jobs.add(KEY, false), 'lost', { closed: true })
      expect(await jobs.unfinished()).to.be.empty
      await jobs.transition(lost, 'assigned')
      expect(await jobs.unfinished()).to.have.length(1)
    })

    it('a settled job that is taken up again has no rank until it is settled once more, and what it was paid counts once', async () => {
      const told: (bigint | undefined)[] = []
      const counting = new JobStore(db, systemClock, (state, paid) => state === 'settled' && told.push(paid))
      const committed = await jobs.transition(await jobs.add(KEY, false), 'committed')
      const pay = { closed: true, rank: 1, paid: 5n }
      const settled = await counting.transition(committed, 'settled', pay)
      const again = await counting.transition(settled, 'revealed')
      expect(again).to.include({ state: 'revealed', closed: false }).and.to.not.have.property('rank')
      expect(await counting.transition(again, 'settled', pay)).to.include(pay)
      expect(told).to.deep.equal([5n, undefined])
    })

    it('knows workloads with a job that was closed lately', async () => {
      const before = systemClock.now()
      const job = await jobs.add(KEY, false)
      expect(await jobs.closedSince(before)).to.deep.equal([])
      await jobs.transition(job, 'lost', { closed: true })
      await jobs.add({ ...KEY, seat: 8 }, false)
      expect(await jobs.closedSince(before)).to.deep.equal([WORKLOAD])
      expect(await jobs.closedSince(systemClock.now() + 60_000)).to.deep.equal([])
    })

    it('knows of some workloads those of which every job is closed', async () => {
      const other = `0x${'cd'.repeat(32)}` as WorkloadId
      await jobs.transition(await jobs.add({ ...KEY, workload: other }, false), 'lost', { closed: true })
      const job = await jobs.add(KEY, false)
      await jobs.add({ ...KEY, seat: 8 }, false)
      await jobs.transition(job, 'lost', { closed: true })
      const later = systemClock.now() + 60_000
      expect(await jobs.finishedBefore(later, [WORKLOAD])).to.be.empty
      await jobs.note({ ...KEY, seat: 8 }, { closed: true })
      expect(await jobs.finishedBefore(later, [WORKLOAD])).to.deep.equal([WORKLOAD])
      expect(await jobs.finishedBefore(later, [WORKLOAD, other])).to.have.members([WORKLOAD, other])
      expect(await jobs.finishedBefore(later - 120_000, [WORKLOAD])).to.be.empty
      expect(await jobs.finishedBefore(later, [])).to.be.empty
    })

    // Years of work are in the table, and these are asked every few seconds.
    it('finds what is open, and what was closed lately, without reading all that ever ended', async () => {
      await sql`insert into jobs (workload, seat, open, state, delivered, rank, paid, closed, created_at, updated_at)
        select '0x' || lpad(to_hex(n), 64, '0'), 1, false, 'settled', false, 1, '5', true, n, n
        from generate_series(1, 20000) as n`.execute(db)
      await sql`analyze jobs`.execute(db)
      await jobs.add(KEY, false)
      const plans = new QueryPlans()
      const planned = new JobStore(db.withPlugin(plans), systemClock)
      await planned.unfinished()
      await planned.openByState()
      await planned.closedSince(19_990)
      await planned.ofWorkload(WORKLOAD)
      await planned.finishedBefore(systemClock.now(), [WORKLOAD])
      expect(plans.all).to.have.length(5)
      for (const plan of plans.all)
        expect(plan)
          .to.match(/Index|Bitmap/)
          .and.not.to.match(/Seq Scan/)
    })
  })
}
