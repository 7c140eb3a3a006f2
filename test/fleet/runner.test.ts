import { randomBytes } from 'node:crypto'
import { access } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { sql } from 'kysely'

import type { Address } from '../../sdk/src/chain/index.js'
import { digestOf } from '../../sdk/src/content/index.js'
import type { RunJob } from '../../sdk/src/runtime/index.js'
import type { Fleet } from '../../sdk/src/worker/fleet/openFleet.js'
import { RunnerQueue, type TakenTask } from '../../sdk/src/worker/fleet/RunnerQueue.js'
import { TaskQueue, type Task } from '../../sdk/src/worker/fleet/TaskQueue.js'
import { Bottleneck } from '../support/Bottleneck.js'
import { usePostgres } from '../support/databases.js'
import { FleetFloor, SMALL } from '../support/FleetFloor.js'
import { ends, proves, ScriptedRuntime } from '../support/ScriptedRuntime.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const LEASE_SECONDS = 10
const SECONDS = 60
const account = (): Address => `0x${randomBytes(20).toString('hex')}` as Address

// Runners in this process, on a real server; what programs do is played.
describe('fleet: a runner', function () {
  this.timeout(120_000)
  const server = usePostgres()
  const directory = useTemporaryDirectory()
  let floor: FleetFloor
  let fleet: Fleet

  beforeEach(async () => {
    floor = await FleetFloor.open(directory(), server().url)
    fleet = await floor.coordinate()
  })
  afterEach(() => floor.close())

  async function until<T>(
    what: string,
    look: () => T | undefined | Promise<T | undefined>,
    seconds = SECONDS,
  ): Promise<T> {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) {
      const seen = await look()
      if (seen !== undefined) return seen
    }
    throw new Error(`not in time: ${what}`)
  }
  const proofOf = async (queue: TaskQueue, task: Task): Promise<string> => {
    const result = await until('a result', async () => (await queue.newest(task))?.result)
    expect(result).to.include({ kind: 'proved' })
    return Buffer.from((await queue.proof(task))!.proof).toString()
  }

  /** When the lease of a task was renewed last; 0 if no runner has it. */
  async function heard({ id }: Task): Promise<number> {
    const { rows } = await sql<{ at: Date | null }>`
      select heartbeat_on as at from ${sql.id(fleet.name, 'job')} where id = ${id}`.execute(fleet.db)
    return rows[0]?.at?.getTime() ?? 0
  }

  it('two accounts with seats in one workload: both run at the same time, each with its own files and its own proof', async () => {
    const [first, second] = [account(), account()]
    const running = new Map<string, RunJob>()
    const mayEnd = new Map<string, () => void>()
    const runtime = new ScriptedRuntime(async (job) => {
      running.set(job.prover, job)
      await new Promise<void>((resolve) => mayEnd.set(job.prover, resolve))
      for (const { path } of job.inputs) await access(path)
      return proves(job, `a proof for ${job.prover}`)
    })
    const order = floor.order(first)
    const queues = [first, second].map((name) => new TaskQueue(fleet, `1-${name}`, LEASE_SECONDS)) as [
      TaskQueue,
      TaskQueue,
    ]
    await floor.startRunner('shared', runtime, 2)
    const one = await queues[0].post(order, SMALL, 60)
    await until('the first runs', () => mayEnd.get(first))
    const two = await queues[1].post(floor.order(second, order.workload), SMALL, 60)
    await until('the second runs', () => mayEnd.get(second))
    expect(running.get(first)!.outputDirectory).to.not.equal(running.get(second)!.outputDirectory)
    mayEnd.get(first)!()
    expect(await proofOf(queues[0], one)).to.equal(`a proof for ${first}`)
    mayEnd.get(second)!()
    expect(await proofOf(queues[1], two)).to.equal(`a proof for ${second}`)
  })

  it('a task that it has lost and takes again: the earlier attempt ends first, and the next one has its lease renewed', async () => {
    const happened: string[] = []
    let finish = (): void => undefined
    const runtime = new ScriptedRuntime(async (job) => {
      const number = happened.filter((what) => what.startsWith('begins')).length
      happened.push(`begins ${number}`)
      if (number > 0) {
        await new Promise<void>((resolve) => (finish = resolve))
        return proves(job, 'a proof')
      }
      await new Promise<void>((resolve) => job.signal!.addEventListener('abort', () => resolve()))
      // A program is not gone at once.
      await sleep(1_000)
      happened.push('ends 0')
      return ends('aborted')
    })
    const queue = new TaskQueue(fleet, '1-0xa', LEASE_SECONDS)
    await floor.startRunner('again', runtime, 2)
    const task = await queue.post(floor.order(account()), SMALL, 60)
    await until('the first attempt', () => happened[0])
    await new RunnerQueue(fleet, 'the coordinator').giveBack({ ...task, retryCount: 0 })
    await until('the second attempt', () => happened.find((what) => what === 'begins 1'))
    expect(happened).to.deep.equal(['begins 0', 'ends 0', 'begins 1'])

    const from = await heard(task)
    await until('the lease is renewed', async () => ((await heard(task)) > from ? true : undefined))
    finish()
    expect(await proofOf(queue, task)).to.equal('a proof')
    expect((await queue.newest(task))?.number).to.equal(1)
  })

  it('a lease that ran out costs no run while nobody else has the task, though this runner has room to begin it again', async () => {
    let runs = 0
    let finish = (): void => undefined
    const runtime = new ScriptedRuntime(async (job) => {
      runs++
      await new Promise<void>((resolve) => {
        finish = resolve
        job.signal!.addEventListener('abort', () => resolve())
      })
      return job.signal!.aborted ? ends('aborted') : proves(job, 'a proof')
    })
    const queue = new TaskQueue(fleet, '1-0xa', LEASE_SECONDS)
    await floor.startRunner('cut off', runtime, 2)
    const task = await queue.post(floor.order(account()), SMALL, 60)
    await until('it runs', () => (runs > 0 ? true : undefined))
    await until('the lease has run out', async () => {
      await sql`
        update ${sql.id(fleet.name, 'job')} set heartbeat_on = heartbeat_on - interval '11 s' where id = ${task.id}`.execute(
        fleet.db,
      )
      await queue.supervise()
      return (await queue.standing(task)) === 'waiting' ? true : undefined
    })
    await until('it is renewed', async () => ((await heard(task)) > 0 ? true : undefined))
    finish()
    expect(await proofOf(queue, task)).to.equal('a proof')
    expect((await queue.newest(task))?.number).to.equal(0)
    expect(runs).to.equal(1)
  })

  it('leaves alone what it could not do, however often it is given, and does what else there is', async () => {
    const broken = account()
    const runtime = new ScriptedRuntime((job) =>
      job.prover === broken ? Promise.resolve(ends('crash')) : proves(job, 'a proof'),
    )
    const queue = new TaskQueue(fleet, '1-0xa', LEASE_SECONDS)
    await floor.startRunner('cut off', runtime)
    const order = floor.order(account(), undefined, digestOf(Buffer.from('inputs that nobody has')))
    const first = await queue.post(order, SMALL, 60)
    const result = await until('a result', async () => (await queue.newest(first))?.result)
    expect(result).to.include({ kind: 'failed', reason: 'InputsUnavailable' })
    await queue.remove(first)
    const again = await queue.post(order, SMALL, 60)
    // The program may well have failed for what this machine is.
    const fails = floor.order(broken)
    const failed = await queue.post(fails, SMALL, 60)
    expect(await until('a result', async () => (await queue.newest(failed))?.result)).to.include({
      ...{ kind: 'failed', reason: 'ProgramFailed' },
    })
    await queue.remove(failed)
    const third = await queue.post(fails, SMALL, 60)
    const other = await queue.post(floor.order(account()), SMALL, 60)
    expect(await proofOf(queue, other)).to.equal('a proof')
    for (const task of [again, third]) expect(await queue.newest(task)).to.equal(undefined)
  })

  it('says again what could not be written down: that its program runs', async () => {
    const mayEnd: (() => void)[] = []
    const runtime = new ScriptedRuntime(async (job) => {
      await new Promise<void>((resolve) => {
        mayEnd.push(resolve)
        job.signal!.addEventListener('abort', () => resolve())
      })
      return job.signal!.aborted ? ends('aborted') : proves(job, 'a proof')
    })
    const attempts = sql.id(fleet.name, 'attempts')
    await sql`alter table ${attempts} add constraint broken check (stage <> 'running')`.execute(fleet.db)
    const queue = new TaskQueue(fleet, '1-0xa', LEASE_SECONDS)
    await floor.startRunner('unlucky', runtime)
    const task = await queue.post(floor.order(account()), SMALL, 60)
    await until('it runs', () => mayEnd[0])
    expect((await queue.newest(task))?.stage).to.equal('fetching')
    await sql`alter table ${attempts} drop constraint broken`.execute(fleet.db)
    await until('that is known', async () => ((await queue.newest(task))?.stage === 'running' ? true : undefined))
    // What was said before and arrives now.
    const unlucky = new RunnerQueue(fleet, (await queue.newest(task))!.runner)
    await unlucky.stage({ id: task.id, retryCount: 0 } as TakenTask, 'fetching')
    expect((await queue.newest(task))?.stage).to.equal('running')
    mayEnd[0]!()
    expect(await proofOf(queue, task)).to.equal('a proof')
  })

  it('stops, though what it has proved cannot be delivered', async () => {
    let isOver = false
    const runtime = new ScriptedRuntime((job) => {
      isOver = true
      return proves(job, 'a proof')
    })
    const attempts = sql.id(fleet.name, 'attempts')
    await sql`alter table ${attempts} add constraint broken check (stage <> 'ended')`.execute(fleet.db)
    const queue = new TaskQueue(fleet, '1-0xa', LEASE_SECONDS)
    const stop = await floor.startRunner('unlucky', runtime)
    const task = await queue.post(floor.order(account()), SMALL, 3_600)
    await until('it has proved', () => (isOver ? true : undefined))
    await stop()
    await sql`alter table ${attempts} drop constraint broken`.execute(fleet.db)
    // The next start gives the task back, and finds the proof.
    await floor.startRunner('unlucky', new ScriptedRuntime(() => Promise.reject(new Error('it is proved'))))
    expect(await proofOf(queue, task)).to.equal('a proof')
  })

  const starts = {
    'of a machine of its own': (floor: FleetFloor) => floor.startRunner.bind(floor),
    'in the process of a coordinator': (floor: FleetFloor) => floor.startOwnRunner.bind(floor),
  }
  for (const [which, startOf] of Object.entries(starts)) {
    it(`a database that fails over without a word costs no run ${which}, though nothing that was open is ever answered again`, async function () {
      this.timeout(240_000)
      const between = await Bottleneck.open(Number(new URL(server().url).port))
      const url = new URL(server().url)
      url.port = String(between.port)
      try {
        let finish = (): void => undefined
        let runs = 0
        const runtime = new ScriptedRuntime(async (job) => {
          runs++
          await new Promise<void>((resolve) => (finish = resolve))
          return job.signal?.aborted === true ? ends('aborted') : proves(job, 'a proof')
        })
        const queue = new TaskQueue(fleet, '1-0xa', 3 * LEASE_SECONDS)
        await startOf(floor)('far', runtime, 1, url.href)
        const task = await queue.post(floor.order(account()), SMALL, 220)
        await until('it runs', () => (runs > 0 ? true : undefined))
        const from = await heard(task)
        await until('the lease is renewed', async () => ((await heard(task)) > from ? true : undefined))
        const since = await heard(task)
        between.failOver()
        // A lease and more: either it is renewed all the time, or the task is taken from it.
        const look = async (): Promise<string | undefined> => {
          await queue.supervise()
          const at = await heard(task)
          return at === 0 ? 'taken away' : at > since + 40_000 ? 'renewed' : undefined
        }
        const lease = await until('it is renewed for long, or taken away', look, 100)
        finish()
        expect(await proofOf(queue, task)).to.equal('a proof')
        expect((await queue.newest(task))?.number).to.equal(0)
        expect(lease).to.equal('renewed')
      } finally {
        await between.close()
      }
    })
  }
})
