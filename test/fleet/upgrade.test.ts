import { join } from 'node:path'

import { expect } from 'chai'
import { sql } from 'kysely'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { connectServer } from '../../sdk/src/database/openServer.js'
import { systemClock } from '../../sdk/src/clock.js'
import { openFleet } from '../../sdk/src/worker/fleet/openFleet.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { usePostgres } from '../support/databases.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import { WorkerProcess } from '../support/network/WorkerProcess.js'

const NEWER = 'test/support/provers/newer.ts'
/** `dist/worker/main.js` of a build that was made from an older commit, for contracts like these. */
const { OLDER_WORKER } = process.env
const SECONDS = 240

// Two versions at a time: this one, and one whose tables have been through one migration more. Each test has a database of its own.
describe('fleet: a rolling upgrade', function () {
  this.timeout(600_000)
  const server = usePostgres()
  const started: TestNetwork[] = []
  let network: TestNetwork
  let alice: Operator
  let quick: ProgramId
  let slow: ProgramId
  let databaseUrl: string

  before(async () => {
    network = await TestNetwork.start(ROOMY)
    started.push(network)
    quick = await network.deployGuest('hashcash')
    slow = await network.deployGuest('hashcash', ['150'])
    alice = await network.addOperator('alice', 2)
    await network.chain.mineEvery(1)
  })
  beforeEach(async () => {
    databaseUrl = await server().create()
  })
  afterEach(async () => {
    for (const worker of network.workers) await worker.kill()
  })
  after(async () => {
    // None, where there is no server.
    for (const each of started) await each.stop()
  })

  /** The namespaces of a coordinator's runtime are for runners. */
  const decides = (): Record<string, unknown> => ({
    ...{ roles: ['coordinator'], databaseUrl, leaseSeconds: 10, runtime: 'linux', logLevel: 'info' },
  })
  async function coordinator(entry?: string): Promise<WorkerProcess> {
    const worker = await network.startWorker(alice, decides(), entry)
    await said(worker, 'worker started')
    return worker
  }
  async function runner(name: string, entry?: string): Promise<WorkerProcess> {
    const worker = WorkerProcess.start(await network.configureRunner(name, { databaseUrl }), entry)
    network.workers.push(worker)
    return worker
  }
  const said = (worker: WorkerProcess, message: string) => worker.line((line) => line.message === message, SECONDS)
  const count = (worker: WorkerProcess, message: string): number =>
    worker.lines.filter((line) => line.message === message).length
  const submit = (program: ProgramId): Promise<WorkloadId> => network.submit(program, { maxRunTime: 300 })

  async function expectPaidOnce(workload: WorkloadId, provers = 1): Promise<void> {
    await network.requester.releaseWhenServed({ workload })
    expect((await network.until(workload, 'Finished', SECONDS)).args.outcome).to.equal('Proven')
    const names = (await network.eventsOf(workload)).map(({ name }) => name)
    expect(names.filter((name) => name === 'Revealed')).to.have.length(provers)
    if (provers > 1) expect(names.filter((name) => name === 'Committed')).to.have.length(provers)
    expect(names.filter((name) => name === 'Missed' || name === 'Failed')).to.be.empty
  }
  async function expectRefused(worker: WorkerProcess): Promise<void> {
    expect(await worker.exited(), worker.tail()).to.equal(1)
    expect(worker.tail()).to.contain('WORKER_STATE_NEWER').and.to.contain('Start that version, or a newer one')
  }

  it('the coordinator first: a runner of the version before delivers what it has, ends, and is replaced', async () => {
    const old = await coordinator()
    const oldRunner = await runner('rack')
    const workload = await submit(slow)
    await said(oldRunner, 'task running')
    expect(await old.stop(), old.tail()).to.equal(0)
    const next = await coordinator(NEWER)
    await expectRefused(oldRunner)
    expect(oldRunner.lines.find((line) => line.message === 'a task has ended here')?.['ended']).to.equal('proved')
    await expectPaidOnce(workload)
    expect(count(oldRunner, 'task running')).to.equal(1)

    // Neither comes back by itself.
    await expectRefused(await runner('rack'))
    expect(await next.stop(), next.tail()).to.equal(0)
    await expectRefused(await network.startWorker(alice, decides()))

    const again = await coordinator(NEWER)
    const newRunner = await runner('rack', NEWER)
    await expectPaidOnce(await submit(quick))
    for (const worker of [newRunner, again]) expect(await worker.stop(), worker.tail()).to.equal(0)
  })

  it('a runner of the next version waits for its coordinator, as one that a supervisor starts again', async () => {
    const old = await coordinator()
    const early = await runner('early', NEWER)
    expect(await early.exited(), early.tail()).to.equal(75)
    expect(early.tail()).to.contain('WORKER_FLEET_MISSING').and.to.contain('Start the coordinator of the fleet first')
    expect(await old.stop()).to.equal(0)
    await coordinator(NEWER)
    await said(await runner('early', NEWER), 'runner started')
  })

  it('a standby of the next version takes over what the version before committed to', async () => {
    const both = (name: string): Record<string, unknown> => ({
      ...{ databaseUrl, dataDirectory: join(alice.directory, name), runnerName: name },
    })
    const old = await network.startWorker(alice, both('one'))
    await said(old, 'worker started')
    const standby = await network.startWorker(alice, { ...both('two'), standby: true }, NEWER)
    await standby.line((line) => line.message.startsWith('standing by'), SECONDS)
    const workload = await network.submit(quick, { redundancy: 2, maxRunTime: 300 })
    await old.line((line) => line.message === 'transaction mined' && line.stage === 'commit', SECONDS)
    expect(await old.stop(), old.tail()).to.equal(0)
    await said(standby, 'worker started')
    await expectPaidOnce(workload, 2)
    expect(count(standby, 'job running')).to.equal(0)
    expect(await standby.stop(), standby.tail()).to.equal(0)
    await expectRefused(await network.startWorker(alice, both('one')))
  })

  it('a task that waits in the form of an older version is given anew', async () => {
    const first = await coordinator()
    const workload = await submit(quick)
    const db = await connectServer<{ tasks: { task: string; queue: string } }>({ url: databaseUrl, schema: 'fleet' })
    const tasks = () => db.selectFrom('tasks').selectAll().execute()
    await first.line((line) => line.message === 'no runner is there; work waits for one', SECONDS)
    for (const end = Date.now() + 60_000; (await tasks()).length === 0;)
      if (Date.now() > end) throw new Error('no task was given')
    await first.kill()
    const [task] = await tasks()
    const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
    const fleet = await openFleet({ url: databaseUrl, name: 'fleet', clock: systemClock, log }, '')
    const queue = task!.queue.replace(/^prove-\d+/, 'prove-0')
    await fleet.boss.deleteJob(task!.queue, task!.task)
    await fleet.boss.createQueue(queue)
    await fleet.boss.send(queue, { an: 'older form' }, { id: task!.task })
    await db.updateTable('tasks').set({ queue }).execute()
    await fleet.close()

    const next = await coordinator()
    await runner('any')
    await said(next, 'a task of another version ended without a result; it is given anew')
    await expectPaidOnce(workload)
    expect(await tasks()).to.be.empty
    await db.destroy()
  })

  it('who shares a fleet that another account has upgraded gives no more work to it, and ends what it began', async () => {
    const worker = await network.startWorker(alice, { databaseUrl, runnerName: 'both' })
    await said(worker, 'runner started')
    const begun = await network.submit(quick, { redundancy: 2, maxRunTime: 300 })
    await worker.line((line) => line.message === 'transaction mined' && line.stage === 'commit', SECONDS)
    const db = await connectServer<Record<string, never>>({ url: databaseUrl, schema: 'fleet' })
    await sql`insert into kysely_migration values ('9000_next', ${new Date().toISOString()})`.execute(db)
    await db.destroy()
    await worker.line((line) => line.message.startsWith('nothing is proven here any more'), SECONDS)
    const workload = await submit(quick)
    await network.until(workload, 'Declined', SECONDS)
    const complaint = await worker.line((line) => line.message.startsWith('no work can be given to the fleet'), SECONDS)
    expect(complaint).to.include({ level: 'error' })
    await expectPaidOnce(begun, 2)
    expect(await worker.stop(), worker.tail()).to.equal(0)
  })

  it('started again beside the newer fleet, it reveals what it committed to, finds what was run meanwhile, and gives no work', async () => {
    const before = await coordinator()
    const rack = await runner('rack')
    const committed = await network.submit(quick, { redundancy: 2, maxRunTime: 300 })
    await before.line((line) => line.message === 'transaction mined' && line.stage === 'commit', SECONDS)
    const running = await submit(slow)
    await rack.line((line) => line.message === 'task running' && line['workload'] === running, SECONDS)
    const db = await connectServer<Record<string, never>>({ url: databaseUrl, schema: 'fleet' })
    await sql`insert into kysely_migration values ('9000_next', ${new Date().toISOString()})`.execute(db)
    // With a newer version comes a newer queue.
    await sql`update version set version = version + 1`.execute(db)
    await before.kill()

    const again = await coordinator()
    expect(await again.line((line) => line.message.startsWith('nothing is proven here any more'))).to.include({
      ...{ level: 'error', stage: 'fleet' },
    })
    await expectRefused(rack)
    await expectPaidOnce(committed, 2)
    await expectPaidOnce(running)
    expect(count(rack, 'task running')).to.equal(2)
    await network.until(await submit(quick), 'Declined', SECONDS)
    const { rows } = await sql`select name from kysely_migration where name > '9000_next'`.execute(db)
    expect(rows).to.be.empty
    await db.destroy()
    expect(await again.stop(), again.tail()).to.equal(0)
  })

  describe('beside a build of an older commit', () => {
    let older: string
    before(function () {
      if (OLDER_WORKER === undefined) {
        console.log('SKIP: OLDER_WORKER names no older build (docs/testing.md, Upgrades)')
        this.skip()
      }
      older = OLDER_WORKER
    })

    /** Migrations that tables have been through, of all schemas of the database. */
    async function migrations(): Promise<number> {
      const db = await connectServer<Record<string, never>>({ url: databaseUrl, schema: 'public' })
      try {
        const { rows } = await sql<{ schema: string }>`
          select table_schema as schema from information_schema.tables where table_name = 'kysely_migration'`.execute(
          db,
        )
        let count = 0
        for (const { schema } of rows) {
          const made = await sql<{ name: string }>`select name from ${sql.table(`${schema}.kysely_migration`)}`.execute(
            db,
          )
          count += made.rows.length
        }
        return count
      } finally {
        await db.destroy()
      }
    }

    it('it is replaced, coordinator before runner, and comes back where the tables are as it left them', async () => {
      const old = await coordinator(older)
      const oldRunner = await runner('rack', older)
      await expectPaidOnce(await submit(quick))
      const before = await migrations()
      const begun = await submit(slow)
      await oldRunner.line((line) => line.message === 'task running' && line['workload'] === begun, SECONDS)
      expect(await old.stop(), old.tail()).to.equal(0)
      const next = await coordinator()
      const newRunner = await runner('blade')
      await said(newRunner, 'runner started')
      await expectPaidOnce(begun)
      expect(newRunner.lines.filter((line) => line.message === 'task running' && line['workload'] === begun)).to.be
        .empty
      const both = await Promise.all([submit(quick), submit(quick)])
      for (const workload of both) await expectPaidOnce(workload)
      const isSame = (await migrations()) === before
      console.log(`tables of the older build: ${isSame ? 'the same' : 'of an older version'}`)

      expect(await next.stop(), next.tail()).to.equal(0)
      if (!isSame) return expectRefused(await network.startWorker(alice, decides(), older))
      const back = await coordinator(older)
      const again = await submit(quick)
      await expectPaidOnce(again)
      for (const worker of [newRunner, oldRunner, back]) expect(await worker.stop(), worker.tail()).to.equal(0)
    })

    it('a standby of this build takes over what it committed to', async () => {
      const both = (name: string): Record<string, unknown> => ({
        ...{ databaseUrl, dataDirectory: join(alice.directory, `older-${name}`), runnerName: name },
      })
      const old = await network.startWorker(alice, both('one'), older)
      await said(old, 'worker started')
      const standby = await network.startWorker(alice, { ...both('two'), standby: true })
      await standby.line((line) => line.message.startsWith('standing by'), SECONDS)
      const workload = await network.submit(quick, { redundancy: 2, maxRunTime: 300 })
      await old.line((line) => line.message === 'transaction mined' && line.stage === 'commit', SECONDS)
      await old.kill()
      await said(standby, 'worker started')
      await expectPaidOnce(workload, 2)
      expect(count(standby, 'job running')).to.equal(0)
      expect(await standby.stop(), standby.tail()).to.equal(0)
    })
  })
})
