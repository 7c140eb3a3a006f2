import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { sql } from 'kysely'

import type { Address, Bytes32, ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import type { Digest } from '../../sdk/src/content/index.js'
import { lockOnServer } from '../../sdk/src/database/lockOnServer.js'
import { connectServer } from '../../sdk/src/database/openServer.js'
import { FleetWire } from '../../sdk/src/worker/fleet/FleetWire.js'
import { groupOf, type TaskResult } from '../../sdk/src/worker/fleet/messages.js'
import { joinFleet, openFleet, type Fleet } from '../../sdk/src/worker/fleet/openFleet.js'
import { RunnerBook, canHold } from '../../sdk/src/worker/fleet/RunnerBook.js'
import { RunnerQueue, type TakenTask } from '../../sdk/src/worker/fleet/RunnerQueue.js'
import { queueOf, shapeOf, type Shape } from '../../sdk/src/worker/fleet/shape.js'
import { call, NEW_TASKS, RETRIES, TaskQueue, type Task } from '../../sdk/src/worker/fleet/TaskQueue.js'
import { COPY_LIMIT } from '../../sdk/src/worker/run/ProofStore.js'
import { openDatabase } from '../../sdk/src/worker/store/openDatabase.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { Bottleneck } from '../support/Bottleneck.js'
import { usePostgres } from '../support/databases.js'
import { rejected } from '../support/rejected.js'

const SMALL: Shape = { cores: 1, memoryMiB: 64, outputMiB: 1, gpus: 0 }
const LARGE: Shape = { cores: 8, memoryMiB: 4096, outputMiB: 1, gpus: 0 }
const PROVED: TaskResult = { kind: 'proved', digest: `0x${'1'.repeat(64)}`, runs: [], log: 'said' }
const PROOF = { proof: Buffer.from('a proof'), publicInputs: Buffer.from('inputs') }
const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
const hex = (): string => `0x${randomBytes(32).toString('hex')}`
const digest = (): Digest => hex() as Digest
const everything = (): boolean => true

function anOrder(workload: WorkloadId) {
  return {
    ...{ chainId: 1, workload, programId: hex() as ProgramId, inputs: digest(), publicInputs: hex() as Bytes32 },
    program: {
      ...{ prover: digest(), verifierProgram: digest(), verifier: `0x${'0'.repeat(40)}` as Address },
      ...{ verifierGas: 0, class: 1, bindsProver: false },
    },
    prover: `0x${'ab'.repeat(20)}` as Address,
    uris: [],
  }
}

describe('fleet: the queue', function () {
  this.timeout(120_000)
  const server = usePostgres()
  const open: Fleet[] = []
  let name: string

  beforeEach(() => {
    name = `fleet_${randomBytes(6).toString('hex')}`
  })
  afterEach(async () => {
    for (const fleet of open.splice(0)) await fleet.close()
  })

  const options = (url = server().url) => ({ url, name, clock: systemClock, log })
  async function coordinator(account = '1-0xa', role = ''): Promise<{ fleet: Fleet; queue: TaskQueue }> {
    const fleet = await openFleet(options(), role)
    open.push(fleet)
    return { fleet, queue: new TaskQueue(fleet, account, 10) }
  }
  async function runner(id: string, url?: string): Promise<RunnerQueue> {
    const fleet = await joinFleet(options(url))
    open.push(fleet)
    return new RunnerQueue(fleet, id)
  }
  const taken = async (queue: RunnerQueue): Promise<TakenTask> => {
    for (const end = Date.now() + 60_000; Date.now() < end; await sleep(200)) {
      const task = await queue.take(everything, everything)
      if (task !== undefined) return task
    }
    throw new Error('no task came')
  }

  it('a server that falls silent costs the statement under way, and the next has another connection', async () => {
    const between = await Bottleneck.open(Number(new URL(server().url).port))
    const url = new URL(server().url)
    url.port = String(between.port)
    const db = await connectServer({ url: url.href, schema: name }, 5_000)
    try {
      const ask = () => sql<{ one: number }>`select 1 as one`.execute(db)
      expect((await ask()).rows).to.deep.equal([{ one: 1 }])
      between.isSilent = true
      const error = await ask().then(
        () => undefined,
        (cause: unknown) => cause,
      )
      expect(error).to.be.instanceOf(Error)
      between.isSilent = false
      expect((await ask()).rows).to.deep.equal([{ one: 1 }])
    } finally {
      await db.destroy()
      await between.close()
    }
  })

  it('whoever stops waits for no server that fell silent: neither who listens to the fleet, nor who holds a lock', async () => {
    const between = await Bottleneck.open(Number(new URL(server().url).port))
    const url = new URL(server().url)
    url.port = String(between.port)
    try {
      const { fleet } = await coordinator()
      const wire = new FleetWire({ url: url.href, channel: name, clock: systemClock, log })
      const heard = new Promise<void>((resolve) => wire.on('topic', resolve))
      wire.open()
      await heard
      const again = new Promise<void>((resolve) => wire.on('topic', resolve))
      await call(fleet.db, name, 'topic')
      await again
      const lock = await lockOnServer(url.href, name, systemClock)
      between.isSilent = true
      await wire.close()
      await lock!.release()
    } finally {
      await between.close()
    }
  })

  it('carries an order to a runner, and its proof back', async () => {
    const { queue } = await coordinator()
    const one = await runner('one')
    const order = anOrder(hex() as WorkloadId)
    const task = await queue.post(order, SMALL, 60)
    expect(await queue.find(order.workload)).to.deep.equal(task)
    expect(await queue.newest(task)).to.equal(undefined)
    const got = await taken(one)
    expect(got.order).to.deep.include(order)
    expect(got.milliseconds).to.be.within(1, 60_000)
    await one.stage(got, 'running')
    expect(await queue.newest(task)).to.include({ runner: 'one', stage: 'running', number: 0 })
    expect(await one.finish(got, PROVED, PROOF)).to.equal(true)
    expect(await queue.newest(task)).to.deep.include({ stage: 'ended', result: PROVED })
    const proof = await queue.proof(task)
    expect(Buffer.from(proof!.proof)).to.deep.equal(PROOF.proof)
    await queue.remove(task)
    expect(await queue.find(order.workload)).to.equal(undefined)
    expect(await one.take(everything, everything)).to.equal(undefined)
  })

  it('carries no proof and no public inputs that no coordinator would keep', async () => {
    const { queue } = await coordinator()
    const one = await runner('one')
    const large = Buffer.alloc(COPY_LIMIT + 1)
    for (const delivered of [
      { ...PROOF, proof: large },
      { ...PROOF, publicInputs: large },
    ]) {
      const task = await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
      expect(await one.finish(await taken(one), PROVED, delivered)).to.equal(true)
      expect(await queue.proof(task)).to.equal(undefined)
      await queue.remove(task)
    }
  })

  it('gives the work of a runner that is not heard of to another, and refuses what the first still says', async () => {
    const { queue } = await coordinator()
    const [one, two] = [await runner('one'), await runner('two')]
    const task = await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
    const first = await taken(one)
    expect(await one.touch(first)).to.equal(true)
    let second: TakenTask | undefined
    for (const end = Date.now() + 60_000; second === undefined && Date.now() < end; await sleep(500)) {
      await queue.supervise()
      second = await two.take(everything, everything)
    }
    expect(second?.retryCount).to.equal(1)
    expect(await one.touch(first)).to.equal(false)
    expect(await one.finish(first, PROVED, PROOF)).to.equal(false)
    expect(await queue.proof(task), 'a late proof').to.equal(undefined)
    // Neither may the first take it away from the second again.
    await one.giveBack(first)
    expect(await two.touch(second!)).to.equal(true)
    expect(await two.finish(second!, PROVED, PROOF)).to.equal(true)
    expect(await queue.newest(task)).to.include({ runner: 'two', number: 1 })
  })

  it('leaves a task to the runner whose lease ran out, as long as nobody else has taken it', async () => {
    const { fleet, queue } = await coordinator()
    const [one, two] = [await runner('one'), await runner('two')]
    const runsOut = async (task: Task): Promise<void> => {
      await sql`update ${sql.id(name, 'job')} set heartbeat_on = now() - interval '11 s' where id = ${task.id}`.execute(
        fleet.db,
      )
      for (const end = Date.now() + 60_000; (await queue.standing(task)) !== 'waiting'; await sleep(200)) {
        if (Date.now() > end) throw new Error('the lease did not run out')
        await queue.supervise()
      }
    }
    const task = await queue.post(anOrder(hex() as WorkloadId), SMALL, 600)
    const first = await taken(one)
    await runsOut(task)
    expect(await one.touch(first)).to.equal(true)
    expect(await queue.standing(task)).to.equal('taken')
    expect(await two.take(everything, everything)).to.equal(undefined)
    await runsOut(task)
    expect(await one.finish(first, PROVED, PROOF)).to.equal(true)
    expect(await queue.newest(task)).to.deep.include({ runner: 'one', number: 0, stage: 'ended', result: PROVED })
    await queue.remove(task)

    const lost = await queue.post(anOrder(hex() as WorkloadId), SMALL, 600)
    const late = await taken(one)
    await runsOut(lost)
    const second = await taken(two)
    expect(await one.touch(late)).to.equal(false)
    expect(await one.finish(late, PROVED, PROOF)).to.equal(false)
    await runsOut(lost)
    expect(await one.touch(late), 'one that another has lost').to.equal(false)
    expect(await two.finish(second, PROVED, PROOF)).to.equal(true)
    expect(await queue.newest(lost)).to.include({ runner: 'two', number: 1 })

    const other = await queue.post(anOrder(hex() as WorkloadId), SMALL, 600)
    const returned = await taken(one)
    await one.giveBack(returned)
    expect(await one.touch(returned), 'what it gave back itself').to.equal(false)
    expect(await queue.standing(other)).to.equal('waiting')
  })

  it('a task whose taking could not be noted was not taken', async () => {
    const { fleet, queue } = await coordinator()
    const one = await runner('one')
    const task = await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
    const attempts = sql.id(name, 'attempts')
    await sql`alter table ${attempts} add constraint broken check (stage <> 'taken')`.execute(fleet.db)
    const error: unknown = await one.take(everything, everything).catch((cause: unknown) => cause)
    expect(error).to.be.instanceOf(Error)
    expect(await queue.standing(task)).to.equal('waiting')
    await sql`alter table ${attempts} drop constraint broken`.execute(fleet.db)
    expect(await one.take(everything, everything)).to.include({ id: task.id, retryCount: 0 })
  })

  it('a transaction whose client has vanished is undone as soon as the client would have given up', async () => {
    const patience = sql<{ of: string }>`select current_setting('idle_in_transaction_session_timeout') as of`
    for (const [answerMs, of] of [
      [undefined, '1min'],
      [5_000, '5s'],
    ] as const) {
      const db = await connectServer({ url: server().url, schema: name }, answerMs)
      expect((await patience.execute(db)).rows).to.deep.equal([{ of }])
      await db.destroy()
    }
  })

  it('has nothing written for work that is not wanted any more', async () => {
    const { queue } = await coordinator()
    const one = await runner('one')
    const task = await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
    const got = await taken(one)
    await queue.remove(task)
    expect(await one.touch(got)).to.equal(false)
    expect(await one.finish(got, PROVED, PROOF)).to.equal(false)
    expect(await queue.proof(task)).to.equal(undefined)
  })

  it('a runner that starts again gives back what it had, and nothing of others', async () => {
    const { queue } = await coordinator()
    const [one, two] = [await runner('one'), await runner('two')]
    await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
    await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
    const [mine, other] = [await taken(one), await taken(two)]
    expect(await (await runner('one')).giveBackAll()).to.equal(1)
    expect((await taken(two)).id).to.equal(mine.id)
    expect(await two.touch(other)).to.equal(true)
  })

  it('a task that is given back is not a task that was lost, and waits again', async () => {
    const { queue } = await coordinator()
    const one = await runner('one')
    const task = await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
    for (let times = 0; times < 2 * RETRIES; times++) {
      const got = await taken(one)
      expect(await queue.standing(task)).to.equal('taken')
      await one.giveBack(got)
      expect(await queue.standing(task)).to.equal('waiting')
    }
    // A runner that died has lost what it had.
    for (let times = 0; times <= RETRIES; times++) {
      await taken(one)
      await one.giveBackAll()
    }
    expect(await queue.standing(task)).to.equal('over')
  })

  it('calls runners once for each task that comes back', async () => {
    const { fleet, queue } = await coordinator()
    const one = await runner('one')
    await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
    const got = await taken(one)
    let calls = 0
    fleet.wire.on(NEW_TASKS, () => calls++)
    // Calls come in the order in which they were made.
    const settled = async (): Promise<void> => {
      const topic = hex()
      const heard = new Promise<void>((resolve) => fleet.wire.on(topic, resolve))
      await call(fleet.db, name, topic)
      await heard
    }
    await settled()
    calls = 0
    await queue.supervise()
    await fleet.boss.fail(got.queue, { id: got.id, retryCount: got.retryCount })
    await queue.supervise()
    await queue.supervise()
    await settled()
    expect(calls).to.equal(1)
  })

  it('leaves to others what a runner does not want, and gives it what comes later', async () => {
    const { queue } = await coordinator()
    const one = await runner('one')
    const order = anOrder(hex() as WorkloadId)
    const first = await queue.post(order, SMALL, 60)
    expect(await one.take(everything, everything, [groupOf(order)])).to.equal(undefined)
    const later = await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
    expect((await one.take(everything, everything, [groupOf(order)]))?.id).to.equal(later.id)
    expect((await (await runner('two')).take(everything, everything))?.id).to.equal(first.id)
  })

  it('gives no task to a machine without room, and lets none pass an older one for ever', async () => {
    const { queue } = await coordinator()
    const one = await runner('one')
    const large = await queue.post(anOrder(hex() as WorkloadId), LARGE, 60)
    const small = await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
    const fitsSmall = ({ cores }: Shape): boolean => cores <= 4
    expect(await one.take(everything, fitsSmall), 'the older one waits for room').to.equal(undefined)
    expect((await one.take(fitsSmall, fitsSmall))?.id, 'a machine that never has it').to.equal(small.id)
    expect((await one.take(everything, everything))?.id).to.equal(large.id)
  })

  it('is apart for each account, and one workload is one task', async () => {
    const [{ queue: a }, { queue: b }] = [await coordinator('1-0xa'), await coordinator('1-0xb')]
    const order = anOrder(hex() as WorkloadId)
    const [ofA, ofB] = [await a.post(order, SMALL, 60), await b.post(order, SMALL, 60)]
    expect(ofA.id).to.not.equal(ofB.id)
    const twice = await a.post(order, SMALL, 60).catch((error: unknown) => error)
    expect(twice).to.be.instanceOf(Error)
    await a.remove(ofA)
    expect(await b.find(order.workload)).to.deep.equal(ofB)
  })

  it('forgets old tasks of its account that nobody works for', async () => {
    const [{ fleet, queue }, { queue: others }] = [await coordinator('1-0xa'), await coordinator('1-0xb')]
    const [kept, left] = [hex() as WorkloadId, hex() as WorkloadId]
    for (const workload of [kept, left]) await queue.post(anOrder(workload), SMALL, 60)
    await others.post(anOrder(left), SMALL, 60)
    expect(await queue.sweep(new Set())).to.equal(0)
    await sql`update ${sql.id(name, 'tasks')} set at = at - 4 * 86400000.0`.execute(fleet.db)
    expect(await queue.sweep(new Set([kept]))).to.equal(1)
    expect(await queue.find(kept)).to.not.equal(undefined)
    expect(await queue.find(left)).to.equal(undefined)
    expect(await others.find(left)).to.not.equal(undefined)
  })

  it('reads no result and no order that is not of its form', async () => {
    const { fleet, queue } = await coordinator()
    const one = await runner('one')
    const task = await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
    const got = await taken(one)
    await one.finish(got, { kind: 'proved', digest: 'no digest', runs: [], log: '' } as unknown as TaskResult)
    expect((await queue.newest(task))?.result).to.equal('invalid')
    const odd = await fleet.boss.send(queueOf(SMALL), { workload: '../../etc' })
    expect(await one.take(everything, everything)).to.equal(undefined)
    expect(await queue.standing({ id: odd!, queue: queueOf(SMALL) }), 'it is taken out').to.equal('over')
    for (const queueName of ['prove-1.c1.m64.o1', 'prove-2.c1.m64.o1.g0', 'prove-1.c-1.m64.o1.g0']) {
      expect(shapeOf(queueName), queueName).to.equal(undefined)
    }
    expect(shapeOf(queueOf(LARGE))).to.deep.equal(LARGE)
  })

  it('knows its runners, and who is gone', async () => {
    const { fleet } = await coordinator()
    const book = new RunnerBook(fleet)
    const facts = { id: 'x', name: 'rack-1', version: '1', runtime: 'linux', capacity: { ...LARGE, runs: 2 } }
    await book.say(facts, { busy: 1, stopping: false, proved: 3, unproved: 0 }, 60)
    const [known] = await book.list()
    expect(known).to.deep.include({ ...facts, busy: 1, proved: 3, isReady: true })
    expect(canHold(known!, LARGE) && !canHold(known!, { ...LARGE, gpus: 1 })).to.equal(true)
    await fleet.db
      .updateTable('runners')
      .set({ seen_at: sql`seen_at - 60000` })
      .execute()
    expect((await book.list())[0]).to.include({ isReady: false })
    await book.leave('x')
    expect(await book.list()).to.deep.equal([])
  })

  describe('a runner with a role of its own', () => {
    before(async () => {
      const db = await connectServer<Record<string, never>>({ url: server().url, schema: 'public' })
      await sql`create role gevulot_runner login password 'runner-password'`.execute(db)
      await db.destroy()
    })

    it('works, and can read neither commitments nor keys of anybody, nor deceive the version check', async () => {
      const worker = await openDatabase({ url: server().url, schema: 'worker_1_0xa' })
      const { queue } = await coordinator('1-0xa', 'gevulot_runner')
      const url = server().urlAs('gevulot_runner', 'runner-password')
      const one = await runner('one', url)
      const task = await queue.post(anOrder(hex() as WorkloadId), SMALL, 60)
      expect(await one.finish(await taken(one), PROVED, PROOF)).to.equal(true)
      expect((await queue.newest(task))?.stage).to.equal('ended')

      const role = await connectServer<Record<string, never>>({ url, schema: name })
      const refused = async (statement: string): Promise<void> => {
        const error: unknown = await sql
          .raw(statement)
          .execute(role)
          .catch((cause: unknown) => cause)
        expect(error, statement).to.be.instanceOf(Error)
        expect((error as Error).message, statement).to.match(/permission denied|must be owner/)
      }
      for (const table of ['commitments', 'transaction_versions', 'jobs', 'proofs']) {
        await refused(`select * from worker_1_0xa.${table}`)
      }
      await refused(`insert into ${name}.kysely_migration values ('9', '')`)
      await refused(`update ${name}.version set version = 1`)
      await refused(`create table ${name}.mine (id int)`)
      await refused(`drop table ${name}.tasks`)
      await role.destroy()
      await worker.destroy()
    })
  })

  describe('with tables of another version', () => {
    it('a runner refuses a fleet that has none yet, and one that a newer version has changed', async () => {
      await rejected(joinFleet(options()), 'WORKER_FLEET_MISSING')
      const { fleet } = await coordinator()
      await sql`insert into ${sql.id(name, 'kysely_migration')} values ('9999_future', '')`.execute(fleet.db)
      const error = await rejected(joinFleet(options()), 'WORKER_STATE_NEWER')
      expect(error.message).to.contain('9999_future')
      await rejected(openFleet(options(), ''), 'WORKER_STATE_NEWER')
    })

    it('neither does a coordinator touch its own', async () => {
      const place = { url: server().url, schema: `test_${randomBytes(6).toString('hex')}` }
      const db = await openDatabase(place)
      await sql`insert into ${sql.id(place.schema, 'kysely_migration')} values ('9999_future', '')`.execute(db)
      await db.destroy()
      await rejected(openDatabase(place), 'WORKER_STATE_NEWER')
    })
  })
})
