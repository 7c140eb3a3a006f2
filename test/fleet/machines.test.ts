import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { sql } from 'kysely'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import {
  digestFromHex,
  digestOf,
  DirectoryStore,
  parseInputsManifest,
  type Digest,
} from '../../sdk/src/content/index.js'
import { connectServer } from '../../sdk/src/database/openServer.js'
import { askWorker } from '../../sdk/src/worker/control/askWorker.js'
import type { TaskResult } from '../../sdk/src/worker/fleet/messages.js'
import { joinFleet } from '../../sdk/src/worker/fleet/openFleet.js'
import type { KnownRunner } from '../../sdk/src/worker/fleet/RunnerBook.js'
import { RunnerQueue, type TakenTask } from '../../sdk/src/worker/fleet/RunnerQueue.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import type { WorkerStatus } from '../../sdk/src/worker/observe/WorkerStatus.js'
import { usePostgres } from '../support/databases.js'
import { Machine, machinesMissing } from '../support/network/Machine.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

const PORT = 5432
const LEASE_SECONDS = 10
const SECONDS = 240

// A coordinator and its runners are processes of their own; what happens to one of them must cost no deadline, and prove nothing twice.
describe('fleet: several machines', function () {
  this.timeout(600_000)
  const server = usePostgres()
  const started: TestNetwork[] = []
  let network: TestNetwork
  let alice: Operator
  let quick: ProgramId
  let slow: ProgramId

  before(async () => {
    const db = await connectServer<Record<string, never>>({ url: server().url, schema: 'public' })
    await sql`create role gevulot_runner login password 'runner-password'`.execute(db)
    await db.destroy()
    // An answer is due late enough that a slow coordinator does not have to accept what it is about to decline.
    network = await TestNetwork.start(ROOMY)
    started.push(network)
    quick = await network.deployGuest('hashcash')
    slow = await network.deployGuest('hashcash', ['150'])
    alice = await network.addOperator('alice')
    await network.chain.mineEvery(1)
  })
  after(async () => {
    // None, where there is no server.
    for (const each of started) await each.stop()
  })

  /** The account's coordinator, without a runner in it; its runners connect with a role that sees only the fleet. */
  async function coordinator(changes: Record<string, unknown> = {}): Promise<WorkerProcess> {
    const worker = await network.startWorker(alice, {
      ...{
        roles: ['coordinator'],
        databaseUrl: server().url,
        runnerRole: 'gevulot_runner',
        leaseSeconds: LEASE_SECONDS,
      },
      // The namespaces of its runtime are for runners.
      ...{ runtime: 'linux', logLevel: 'info', ...changes },
    })
    await said(worker, 'worker started')
    return worker
  }
  const place = (port?: number) => ({ databaseUrl: server().urlAs('gevulot_runner', 'runner-password', port) })
  async function runner(name: string, changes: Record<string, unknown> = {}): Promise<WorkerProcess> {
    const worker = await network.startRunner(name, { ...place(), ...changes })
    await said(worker, 'runner started')
    return worker
  }
  const said = (worker: WorkerProcess, message: string, from = 0) =>
    worker.line((line) => line.message === message && worker.lines.indexOf(line) >= from, SECONDS)
  const count = (worker: WorkerProcess, message: string): number =>
    worker.lines.filter((line) => line.message === message).length
  async function submit(program: ProgramId): Promise<WorkloadId> {
    const workload = await network.submit(program, { maxRunTime: 300 })
    return workload
  }

  /** Proven in time, by one proof on the chain, and paid. */
  async function expectPaidOnce(workload: WorkloadId): Promise<void> {
    // Whoever was silent in the response window has opened the slot, and then only the requester closes commits before the deadline.
    await network.requester.releaseWhenServed({ workload })
    expect((await network.until(workload, 'Finished', SECONDS)).args.outcome).to.equal('Proven')
    expect((await network.until(workload, 'SlotSettled')).args).to.include({ seat: alice.seats[0], rank: 1 })
    const names = (await network.eventsOf(workload)).map(({ name }) => name)
    expect(names.filter((name) => name === 'Revealed')).to.have.length(1)
    expect(names.filter((name) => name === 'Missed' || name === 'Failed')).to.be.empty
  }

  async function stopAll(...workers: readonly WorkerProcess[]): Promise<void> {
    for (const worker of workers) expect(await worker.stop(), worker.tail()).to.equal(0)
  }

  it('a runner that is killed while it proves: another proves, once and in time', async () => {
    const first = await runnerFirst()
    const workload = await submit(slow)
    await said(first.worker, 'task running')
    // At once: a slow machine takes as long to start another as the program takes to end.
    await first.worker.kill()
    const second = await runner('second')
    await said(second, 'task running')
    await expectPaidOnce(workload)
    expect(count(first.boss, 'a runner was lost; another has its task')).to.equal(1)

    const shown = await runnersOnce('second', ({ proved, busy }) => proved === 1 && busy === 0)
    expect(shown.get('second')).to.include({ isReady: true, proved: 1, busy: 0, runtime: 'bubblewrap' })
    expect(shown.get('first')).to.include({ isReady: false })
    await stopAll(second, first.boss)
    // No proof went past the coordinator, and no key was near a runner.
    expect(second.tail()).to.not.contain(alice.wallet.privateKey.slice(2))
  })

  /** What the coordinator tells of its runners, once one of them is as wanted: they say every few seconds how they are. */
  async function runnersOnce(
    name: string,
    isWanted: (runner: KnownRunner) => boolean,
  ): Promise<Map<string, KnownRunner>> {
    for (const end = Date.now() + SECONDS * 1000; ; await sleep(500)) {
      const { fleet } = (await askWorker(join(alice.directory, 'data'), { ask: 'status' })) as WorkerStatus
      const runners = new Map(fleet?.runners.map((runner) => [runner.name, runner]))
      const runner = runners.get(name)
      if ((runner !== undefined && isWanted(runner)) || Date.now() > end) return runners
    }
  }

  async function runnerFirst(): Promise<{ boss: WorkerProcess; worker: WorkerProcess }> {
    const boss = await coordinator()
    return { boss, worker: await runner('first') }
  }

  it('a runner that is frozen and comes back: its late result is refused', async () => {
    const { boss, worker } = await runnerFirst()
    const workload = await submit(slow)
    await said(worker, 'task running')
    worker.freeze()
    const second = await runner('second')
    await said(second, 'task running')
    await expectPaidOnce(workload)
    worker.thaw()
    await said(worker, 'the task is not this runner’s any more; its result is dropped')
    await sleep(1_000)
    expect((await network.eventsOf(workload)).filter(({ name }) => name === 'Revealed')).to.have.length(1)
    await stopAll(worker, second, boss)
  })

  it('a machine whose link is taken away and given back: it needs the database and the content, no chain', async function () {
    const missing = machinesMissing()
    if (missing !== undefined) {
      console.log(`      SKIP network namespaces: ${missing}`)
      this.skip()
    }
    const boss = await coordinator()
    const far = await Machine.start(await network.configureRunner('far', place(PORT)), server().socket, PORT)
    try {
      await said(far.worker, 'runner started')
      const served = await submit(quick)
      await expectPaidOnce(served)
      const known = far.worker.lines.length
      const workload = await submit(slow)
      await said(far.worker, 'task running', known)
      far.link('down')
      const near = await runner('near')
      await said(near, 'task running')
      await expectPaidOnce(workload)
      far.link('up')
      await said(far.worker, 'the task is not this runner’s any more; its result is dropped')
      // It is of use again.
      await stopAll(near)
      await expectPaidOnce(await submit(quick))
    } finally {
      await far.stop()
    }
    await stopAll(boss)
  })

  it('a runner that is told to stop finishes within its grace; without one, another goes on at once', async () => {
    const boss = await coordinator()
    const patient = await runner('patient', { shutdownSeconds: 120 })
    const workload = await submit(slow)
    await said(patient, 'task running')
    expect(await patient.stop(), patient.tail()).to.equal(0)
    expect(patient.lines.find((line) => line.message === 'a task has ended here')?.['ended']).to.equal('proved')
    await expectPaidOnce(workload)

    // Both are there before it is known which has the task: a slow machine takes as long to start one as the program takes to end.
    const both = [await runner('one'), await runner('two')]
    const next = await submit(slow)
    const hasty = await Promise.race(both.map((each) => said(each, 'task running').then(() => each)))
    const other = both.find((each) => each !== hasty)!
    expect(await hasty.stop(), hasty.tail()).to.equal(0)
    expect(hasty.lines.find((line) => line.message === 'a task has ended here')?.['ended']).to.equal('returned')
    await said(other, 'task running')
    await expectPaidOnce(next)
    await stopAll(other, boss)
  })

  it('a coordinator that is replaced finds the task where it is: nothing is proved again', async () => {
    const first = await coordinator({ dataDirectory: join(alice.directory, 'one') })
    const second = await network.startWorker(alice, {
      ...{ roles: ['coordinator'], databaseUrl: server().url, leaseSeconds: LEASE_SECONDS, runtime: 'linux' },
      ...{ dataDirectory: join(alice.directory, 'two'), standby: true },
    })
    await second.line((line) => line.message.startsWith('standing by'), SECONDS)
    const worker = await runner('only')
    const workload = await submit(slow)
    await said(worker, 'task running')
    await first.kill()
    await said(second, 'worker started')
    await expectPaidOnce(workload)
    expect(count(worker, 'task running')).to.equal(1)
    await stopAll(worker, second)
  })

  it('one process is both with a server too, and what no machine can hold is declined at once', async () => {
    const both = await network.startWorker(alice, { databaseUrl: server().url, runnerName: 'both' })
    await said(both, 'runner started')
    await expectPaidOnce(await submit(quick))
    const large = await network.deployGuest('hashcash', [], { memoryMiB: 60_000 })
    const workload = await submit(large)
    await network.until(workload, 'Declined', SECONDS)
    const { why } = await both.line((line) => line.message === 'job declined')
    expect(why).to.contain('60000 MiB of memory').and.to.contain('no runner has them')
    await stopAll(both)
  })

  it('a runner that lies about a proof makes the account commit to nothing: another proves', async () => {
    const { boss, worker } = await runnerFirst()
    const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
    const fleet = await joinFleet({ url: place().databaseUrl, name: 'fleet', clock: systemClock, log })
    const queue = new RunnerQueue(fleet, 'liar')
    const take = async (workload: WorkloadId): Promise<TakenTask> => {
      for (const end = Date.now() + SECONDS * 1000; Date.now() < end; await sleep(200)) {
        const task = await queue.take(
          () => true,
          () => true,
        )
        if (task?.order.workload === workload) return task
      }
      throw new Error('no task came')
    }
    const junk = randomBytes(64)
    const publicInputs = async (workload: WorkloadId): Promise<Uint8Array> => {
      const { spec } = await network.requester.getWorkload({ workload })
      return new DirectoryStore(join(network.directory, 'content')).get(await publicInputsOf(spec.inputs), {
        maxBytes: 1_000,
      })
    }
    const publicInputsOf = async (inputs: Digest): Promise<Digest> => {
      const bytes = await new DirectoryStore(join(network.directory, 'content')).get(inputs, { maxBytes: 10_000 })
      return digestFromHex(parseInputsManifest(bytes).files.find((file) => file.name === 'public_inputs')!.sha256)
    }
    const lies = [
      // Another proof than it says, a proof about something else, and one that is none.
      { digest: digestOf(junk.subarray(1)), inputs: publicInputs },
      { digest: digestOf(junk), inputs: () => Promise.resolve(junk) },
      { digest: digestOf(junk), inputs: publicInputs },
    ]
    try {
      // A program that has ended well here.
      await expectPaidOnce(await submit(quick))
      for (const [index, { digest, inputs }] of lies.entries()) {
        // It is known, and takes nothing.
        worker.freeze()
        const workload = await submit(quick)
        const task = await take(workload)
        const result: TaskResult = { kind: 'proved', digest, runs: [], log: '' }
        const proof = { proof: junk, publicInputs: await inputs(workload) }
        expect(await queue.finish(task, result, proof)).to.equal(true)
        await boss.line(() => count(boss, 'a runner could not do work; another is asked') === index + 1, SECONDS)
        const names = (await network.eventsOf(workload)).map(({ name }) => name)
        expect(names).to.not.include('Committed').and.to.not.include('Revealed')
        worker.thaw()
        await expectPaidOnce(workload)
      }
    } finally {
      await fleet.close()
    }
    await stopAll(worker, boss)
  })

  it('a newer version changes the tables: runners finish what they have and end, so that they are replaced', async () => {
    const { boss, worker } = await runnerFirst()
    const workload = await submit(slow)
    await said(worker, 'task running')
    const db = await connectServer<Record<string, never>>({ url: server().url, schema: 'fleet' })
    await sql`insert into kysely_migration values ('9999_future', '')`.execute(db)
    try {
      expect(await worker.exited(), worker.tail()).to.equal(1)
      expect(worker.tail()).to.contain('WORKER_STATE_NEWER')
      expect(worker.lines.find((line) => line.message === 'a task has ended here')?.['ended']).to.equal('proved')
      await expectPaidOnce(workload)
      const again = await network.startRunner('first', place())
      expect(await again.exited(), again.tail()).to.equal(1)
      expect(again.tail()).to.contain('WORKER_STATE_NEWER').and.to.not.contain('runner-password')
    } finally {
      await sql`delete from kysely_migration where name = '9999_future'`.execute(db)
      await db.destroy()
    }
    await stopAll(boss)
  })

  it('a runner takes no key, and says what it needs', async () => {
    const expectRefused = async (changes: Record<string, unknown>, ...reasons: readonly string[]): Promise<void> => {
      const refused = await network.startRunner('odd', { ...place(), ...changes })
      expect(await refused.exited(), refused.tail()).to.equal(1)
      for (const reason of reasons) expect(refused.tail()).to.contain(reason)
    }
    await expectRefused(
      { keyFile: join(alice.directory, 'key') },
      'keyFile is for coordinators',
      'neither key nor chain',
    )
    await expectRefused(
      { databaseUrl: '' },
      'databaseUrl (DATABASE_URL)',
      'postgres://user:password@host:5432/database',
    )
    await expectRefused({ fleet: 'No Fleet' }, 'fleet (GEVULOT_FLEET) must be like fleet')
    const lonely = await network.startWorker(alice, { roles: ['coordinator'], databaseUrl: '' })
    expect(await lonely.exited(), lonely.tail()).to.equal(1)
    expect(lonely.tail()).to.contain('databaseUrl (DATABASE_URL) is missing').and.to.contain('postgres://')
    const nobody = await network.startRunner('early', { ...place(), fleet: 'not_yet' })
    expect(await nobody.exited(), nobody.tail()).to.equal(75)
    expect(nobody.tail()).to.contain('WORKER_FLEET_MISSING')
  })
})
