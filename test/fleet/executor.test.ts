import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'

import type { Address, FailReason } from '../../sdk/src/chain/index.js'
import { systemClock, type Clock } from '../../sdk/src/clock.js'
import { digestOf, DirectoryStore } from '../../sdk/src/content/index.js'
import { contentError } from '../../sdk/src/errors/codes/content.js'
import { FleetExecutor, type FleetExecutorOptions } from '../../sdk/src/worker/fleet/FleetExecutor.js'
import type { Fleet } from '../../sdk/src/worker/fleet/openFleet.js'
import type { TaskResult } from '../../sdk/src/worker/fleet/messages.js'
import { RunnerBook } from '../../sdk/src/worker/fleet/RunnerBook.js'
import { RunnerQueue, type TakenTask } from '../../sdk/src/worker/fleet/RunnerQueue.js'
import type { Shape } from '../../sdk/src/worker/fleet/shape.js'
import { TaskQueue } from '../../sdk/src/worker/fleet/TaskQueue.js'
import { ContentFetcher } from '../../sdk/src/worker/run/ContentFetcher.js'
import { NoLongerNeeded } from '../../sdk/src/worker/run/Executor.js'
import { openPackages } from '../../sdk/src/worker/run/openPackages.js'
import { ProofStore, type KeptProof } from '../../sdk/src/worker/run/ProofStore.js'
import type { WorkOrder, WorkResult } from '../../sdk/src/worker/run/WorkOrder.js'
import { openDatabase } from '../../sdk/src/worker/store/openDatabase.js'
import { RunHistory } from '../../sdk/src/worker/store/RunHistory.js'
import { usePostgres } from '../support/databases.js'
import { flaky } from '../support/flaky.js'
import { FleetFloor, SMALL } from '../support/FleetFloor.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const LEASE_SECONDS = 10
const SECONDS = 60
const PROOF = Buffer.from('a proof')
const everything = (): boolean => true

/** Takes no proof over as long as it has an error. */
class BrokenStore extends ProofStore {
  error: Error | undefined
  tries = 0

  override async adopt(...what: Parameters<ProofStore['adopt']>): Promise<KeptProof> {
    this.tries++
    if (this.error !== undefined) throw this.error
    return super.adopt(...what)
  }
}

// The coordinator's side on a real server; the test answers as runners would.
describe('fleet: work given to runners', function () {
  this.timeout(120_000)
  const server = usePostgres()
  const directory = useTemporaryDirectory()
  const closers: (() => Promise<void>)[] = []
  let floor: FleetFloor
  let fleet: Fleet
  let queue: TaskQueue
  let book: RunnerBook
  let retries: number

  beforeEach(async () => {
    floor = await FleetFloor.open(directory(), server().url)
    fleet = await floor.coordinate()
    queue = new TaskQueue(fleet, '1-0xa', LEASE_SECONDS)
    book = new RunnerBook(fleet)
    retries = 0
  })
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
    await floor.close()
  })

  async function executor(changes: Partial<FleetExecutorOptions> = {}): Promise<FleetExecutor> {
    const place = join(directory(), randomBytes(6).toString('hex'))
    const db = await openDatabase()
    closers.push(() => db.destroy())
    const { log } = floor
    const store = new DirectoryStore(floor.content)
    return new FleetExecutor({
      ...{ fleet, queue, book, chainId: 1, leaseSeconds: LEASE_SECONDS, clock: systemClock, log },
      fetcher: new ContentFetcher({
        ...{ sources: () => store, clock: systemClock, log },
        packages: await openPackages({ dataDirectory: place, cacheMiB: 64 }, systemClock),
        config: { fetchSeconds: 1, maxContentMiB: 16 },
      }),
      check: () => Promise.resolve(undefined),
      proofs: new ProofStore(place),
      history: new RunHistory(db, systemClock),
      onRetry: () => {
        retries++
      },
      ...changes,
    })
  }
  /** Looks after the queue as a coordinator does. */
  function looksAfter(made: FleetExecutor): void {
    const stop = new AbortController()
    const ended = made.run(stop.signal)
    closers.push(() => {
      stop.abort()
      return ended
    })
  }
  function anOrder(seconds = 600): WorkOrder {
    const prover = `0x${randomBytes(20).toString('hex')}` as Address
    const end = systemClock.elapsed() + seconds * 1000
    return { ...floor.order(prover), maxRunTime: seconds, secondsLeft: () => (end - systemClock.elapsed()) / 1000 }
  }
  const work = (made: FleetExecutor, order: WorkOrder, signal = new AbortController().signal): Promise<WorkResult> =>
    made.work(order, () => Promise.resolve(), signal)

  async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
    for (const end = Date.now() + SECONDS * 1000; Date.now() < end; await sleep(100)) {
      const seen = await look()
      if (seen !== undefined) return seen
    }
    throw new Error(`not in time: ${what}`)
  }

  /** A machine that is in the book, and does with tasks what the test says. */
  async function machine(id: string, memoryMiB = 1024) {
    const runner = new RunnerQueue(fleet, id)
    const isThere = (): Promise<void> =>
      book.say(
        { id, name: id, version: '1', runtime: 'linux', capacity: { ...SMALL, memoryMiB, runs: 1 } },
        { busy: 0, stopping: false, proved: 0, unproved: 0 },
        0,
      )
    await isThere()
    const fits = (shape: Shape): boolean => shape.memoryMiB <= memoryMiB
    const take = (): Promise<TakenTask> => until('a task', () => runner.take(fits, everything))
    const nothing = { runs: [], log: '' }
    return {
      isThere,
      take,
      refuse: async (): Promise<void> => {
        expect(await runner.finish(await take(), { kind: 'refused', why: `${id} is full`, ...nothing })).to.equal(true)
      },
      fail: async (reason: FailReason & ('InputsUnavailable' | 'ProgramFailed')): Promise<void> => {
        const result = { kind: 'failed', reason, why: `${id} cannot`, ...nothing } as const
        expect(await runner.finish(await take(), result)).to.equal(true)
      },
      prove: async (runs: TaskResult['runs'] = []): Promise<void> => {
        const result = { kind: 'proved', digest: digestOf(PROOF), ...nothing, runs } as const
        const proof = { proof: PROOF, publicInputs: floor.publicInputs }
        expect(await runner.finish(await take(), result, proof)).to.equal(true)
      },
      stage: (task: TakenTask, stage: 'fetching' | 'running') => runner.stage(task, stage),
      touch: (task: TakenTask) => runner.touch(task),
      giveBack: (task: TakenTask) => runner.giveBack(task),
    }
  }

  describe('that a machine refuses', () => {
    it('one that refuses again and again speaks for no other: work waits for those that are busy', async () => {
      const broken = await machine('broken')
      const healthy = await machine('healthy')
      // One of an older version takes what it has refused again at once, for as long as it is given.
      const pauses: number[] = []
      const clock: Clock = {
        ...systemClock,
        sleep: (milliseconds, signal) => {
          if ([1_000, 2_000, 4_000].includes(milliseconds)) pauses.push(milliseconds)
          return systemClock.sleep(milliseconds, signal)
        },
      }
      const result = work(await executor({ clock }), anOrder())
      for (let times = 0; times < 4; times++) await broken.refuse()
      await healthy.prove()
      expect(await result).to.include({ kind: 'proved' })
      expect(retries).to.equal(4)
      expect(pauses).to.deep.equal([1_000, 2_000, 4_000])
    })

    it('three of them are enough, however many there are', async () => {
      const machines = [await machine('a'), await machine('b'), await machine('c')]
      await machine('d')
      const result = work(await executor(), anOrder())
      for (const { refuse } of machines) await refuse()
      expect(await result).to.deep.equal({ kind: 'refused', why: 'c is full' })
    })

    it('with nobody else it is refused at once', async () => {
      const only = await machine('only')
      const result = work(await executor(), anOrder())
      await only.refuse()
      expect(await result).to.deep.equal({ kind: 'refused', why: 'only is full' })
    })

    it('one that cannot have the inputs may be cut off; if nobody can, they are not there', async () => {
      const [cut, well] = [await machine('cut'), await machine('well')]
      const made = await executor()
      const first = work(made, anOrder())
      await cut.fail('InputsUnavailable')
      await well.prove()
      expect(await first).to.include({ kind: 'proved' })

      const second = work(made, anOrder())
      await cut.fail('InputsUnavailable')
      await well.fail('InputsUnavailable')
      expect(await second).to.deep.equal({ kind: 'failed', reason: 'InputsUnavailable', why: 'well cannot' })

      const third = work(made, anOrder())
      await cut.fail('ProgramFailed')
      expect(await third).to.deep.equal({ kind: 'failed', reason: 'ProgramFailed', why: 'cut cannot' })
    })
  })

  describe('that fails', () => {
    let history: RunHistory
    let made: FleetExecutor
    let order: WorkOrder
    /** Of proofs, in the order in which the contract is asked: whether it takes them. */
    let verdicts: boolean[]

    beforeEach(async () => {
      const db = await openDatabase()
      closers.push(() => db.destroy())
      history = new RunHistory(db, systemClock)
      verdicts = []
      const check = () => Promise.resolve(verdicts.shift() === false ? 'the verifier refuses it' : undefined)
      made = await executor({ history, check })
      order = anOrder()
    })
    const wellBefore = (seconds: number) => history.add(order.programId, order.maxRunTime, seconds, 'ok')
    const failed = (why: string) => ({ kind: 'failed', reason: 'ProgramFailed', why })

    it('where it was well before, one other machine is asked: the first may be broken', async () => {
      await wellBefore(1)
      const [broken, well] = [await machine('broken'), await machine('well')]
      const result = work(made, order)
      await broken.fail('ProgramFailed')
      await well.prove()
      expect(await result).to.include({ kind: 'proved' })
    })

    it('a second machine is the last one, whoever pays for inputs that fail everywhere', async () => {
      await wellBefore(1)
      const [one, two] = [await machine('one'), await machine('two')]
      await machine('three')
      const result = work(made, order)
      await one.fail('ProgramFailed')
      await two.fail('ProgramFailed')
      expect(await result).to.deep.equal(failed('one cannot'))
    })

    it('stands, though the other machine refuses', async () => {
      await wellBefore(1)
      const [one, two] = [await machine('one'), await machine('two')]
      const result = work(made, order)
      await one.fail('ProgramFailed')
      await two.refuse()
      expect(await result).to.deep.equal(failed('one cannot'))
    })

    it('has no second try for which no time is left', async () => {
      await wellBefore(order.maxRunTime)
      const one = await machine('one')
      await machine('two')
      const result = work(made, order)
      await one.fail('ProgramFailed')
      expect(await result).to.deep.equal(failed('one cannot'))
    })

    it('a proof that the contract refuses is as bad, and both count once against the program', async () => {
      await wellBefore(1)
      const [one, two] = [await machine('one'), await machine('two')]
      verdicts = [false, true]
      const first = work(made, order)
      await one.prove()
      await two.prove()
      expect(await first).to.include({ kind: 'proved' })
      expect((await history.refusals(order.programId)).here).to.equal(0)

      verdicts = [false, false]
      const again = { ...anOrder(), programId: order.programId }
      const second = work(made, again)
      await one.prove()
      await two.prove()
      expect(await second).to.deep.equal(failed('the verifier refuses it'))
      expect((await history.refusals(order.programId)).here).to.equal(1)
      expect(await queue.find(again.workload)).to.equal(undefined)
    })
  })

  it('statements that fail once give nothing up', async () => {
    const one = await machine('one')
    const { log } = floor
    const db = await openDatabase()
    closers.push(() => db.destroy())
    const failing = new Set<string>()
    const made = await executor({
      queue: flaky(queue),
      book: flaky(book),
      proofs: flaky(new ProofStore(join(directory(), 'flaky'))),
      history: flaky(new RunHistory(db, systemClock)),
      log: {
        ...log,
        warn: (message) => {
          failing.add(message)
        },
      },
    })
    const order = anOrder()
    const onStage = flaky({ say: () => Promise.resolve() })
    const result = made.work(order, () => onStage.say(), new AbortController().signal)
    const task = await one.take()
    await one.giveBack(task)
    await one.prove()
    expect(await result).to.include({ kind: 'proved' })
    expect(await queue.find(order.workload)).to.equal(undefined)
    expect([...failing]).to.include('the database of the fleet does not answer; once more')
  })

  it('a full disk gives no proof up: it stays with the fleet until there is room, or no time', async () => {
    const one = await machine('one')
    const disk = new BrokenStore(join(directory(), 'full'))
    disk.error = contentError('CONTENT_DISK_FULL', 'no space left')
    const made = await executor({ proofs: disk })
    const order = anOrder()
    const result = work(made, order)
    await one.prove()
    await until('it was tried again', () => (disk.tries > 1 ? true : undefined))
    expect(await queue.find(order.workload)).to.not.equal(undefined)
    disk.error = undefined
    expect(await result).to.include({ kind: 'proved' })
    expect(await queue.find(order.workload)).to.equal(undefined)

    disk.error = contentError('CONTENT_DISK_FULL', 'no space left')
    const before = disk.tries
    let left = 600
    const late = work(made, { ...anOrder(), secondsLeft: () => left })
    await one.prove()
    await until('there was no room', () => (disk.tries > before ? true : undefined))
    left = -1
    expect(await late).to.include({ kind: 'failed', reason: 'OutOfTime' })
  })

  it('a run counts once, though its proof is taken over at the second time only', async () => {
    const one = await machine('one')
    const db = await openDatabase()
    closers.push(() => db.destroy())
    const proofs = new BrokenStore(join(directory(), 'broken'))
    proofs.error = new TypeError('nobody has foreseen it')
    const made = await executor({ history: new RunHistory(db, systemClock), proofs })
    const order = anOrder()
    const first = work(made, order).catch((error: unknown) => error)
    await one.prove([{ seconds: 10, outcome: 'ok' }])
    expect(await first).to.be.instanceOf(TypeError)
    proofs.error = undefined
    expect(await work(made, order)).to.include({ kind: 'proved' })
    const runs = await db.selectFrom('runs').select('seconds').where('outcome', '=', 'ok').execute()
    expect(runs).to.deep.equal([{ seconds: 10 }])
  })

  it('what is not needed any more is taken from its runner, though a statement fails', async () => {
    const one = await machine('one')
    /** Work that was stopped, and could not be taken back. */
    const stopped = async () => {
      const made = await executor({ queue: flaky(queue) })
      const order = anOrder()
      const stop = new AbortController()
      const result = work(made, order, stop.signal)
      const task = await one.take()
      stop.abort(new NoLongerNeeded())
      expect(await result).to.deep.equal({ kind: 'stopped' })
      expect(await one.touch(task)).to.equal(true)
      return { made, order, task }
    }
    const over = await stopped()
    looksAfter(over.made)
    await until('it is taken back', async () => ((await one.touch(over.task)) ? undefined : true))

    // The seat is drawn once more: that is a task of its own.
    const back = await stopped()
    const result = work(back.made, back.order)
    await one.prove()
    expect(await result).to.include({ kind: 'proved' })
    expect(await one.touch(back.task)).to.equal(false)
  })

  it('is forgotten by the fleet when the time is over', async () => {
    await machine('busy')
    const order = anOrder(2)
    expect(await work(await executor(), order)).to.include({ kind: 'failed', reason: 'OutOfTime' })
    expect(await queue.find(order.workload)).to.equal(undefined)
  })

  it('counts as waiting again when the runner that had it has given it back', async () => {
    const one = await machine('one')
    const made = await executor()
    const result = work(made, anOrder())
    const task = await one.take()
    await until('it is with a runner', () => (made.waiting === 0 ? true : undefined))
    await one.giveBack(task)
    await until('it waits', () => (made.waiting === 1 ? true : undefined))
    await one.prove()
    expect(await result).to.include({ kind: 'proved' })
    expect(made.waiting).to.equal(0)
  })

  it('work is in the way only of what waits, and only on a machine that could do that', async () => {
    const made = await executor()
    const [one, two, large] = [await machine('one'), await machine('two'), await machine('large', 2048)]
    const [open, drawn, vast] = [anOrder(), anOrder(), anOrder()]
    await queue.post(floor.order(vast.prover, vast.workload), { ...SMALL, memoryMiB: 2048 }, 600)
    const stop = new AbortController()
    const results = [work(made, open, stop.signal), work(made, vast, stop.signal)]
    await until('both wait', () => (made.waiting === 2 ? true : undefined))
    await one.take()
    await until('one is taken', () => (made.waiting === 1 ? true : undefined))
    // Until here it may have taken longer than until they count as gone.
    for (const each of [one, two, large]) await each.isThere()
    results.push(work(made, drawn, stop.signal))
    const isInTheWay = ({ workload }: WorkOrder): boolean => made.isInTheWay(open.workload, workload)
    await until('it waits', () => (isInTheWay(drawn) ? true : undefined))
    expect(isInTheWay(vast)).to.equal(false)
    // It has its room, and fetches what it needs: that may take long.
    await two.stage(await two.take(), 'fetching')
    await until('it has its room', () => (isInTheWay(drawn) ? undefined : true))
    stop.abort()
    for (const result of results) expect(await result).to.deep.equal({ kind: 'stopped' })
  })

  it('waits for a large machine that was there a moment ago, while only small ones are', async () => {
    const large = await machine('large')
    const made = await executor()
    looksAfter(made)
    await until('it is known', () => made.runners.find(({ id }) => id === 'large'))
    await machine('small', 32)
    await book.leave('large')
    await until('it has left', () => (made.runners.some(({ id }) => id === 'large') ? undefined : true))
    const result = work(made, anOrder())
    await large.prove()
    expect(await result).to.include({ kind: 'proved' })
  })

  describe('and taken from runners that are not heard of', () => {
    let now: number
    /** What only the clock that is set has counted. */
    let suspended: number
    /** When it was looked for them. */
    let looks: number[]
    const clock: Clock = {
      ...{ now: () => now + suspended, elapsed: () => now },
      sleep: (milliseconds) => {
        now += milliseconds
        return Promise.resolve()
      },
    }
    beforeEach(() => {
      now = suspended = 0
      looks = []
    })
    /** What holds it up after the first look, before it asks the next time. */
    const hold = () => (now += looks.length === 1 && now <= looks[0]! + 1_000 ? 20_000 : 0)
    const suspend = () => (suspended = looks.length === 1 ? 20_000 : suspended)

    /** An object one of whose methods tells before it is called. */
    function telling<T extends object>(target: T, method: keyof T, tell: () => void): T {
      return new Proxy(target, {
        get: (_, name) => {
          if (name === method) tell()
          const value: unknown = Reflect.get(target, name, target)
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      })
    }
    /** Looks after the queue until it was looked so often for such runners. */
    async function look(times: number, changes: Partial<FleetExecutorOptions> = {}): Promise<void> {
      const stop = new AbortController()
      const seen = telling(queue, 'supervise', () => {
        if (looks.push(now) === times) stop.abort()
      })
      await (await executor({ clock, ...changes, queue: seen })).run(stop.signal)
    }
    async function expectPatience(changes: Partial<FleetExecutorOptions>, heldMs: number): Promise<void> {
      await look(2, changes)
      expect(looks[1]! - looks[0]! - heldMs).to.be.at.least((LEASE_SECONDS + 60) * 1000)
    }

    it('not after a start, when one may still wait for an answer of before', async () => {
      await look(1)
      // The lease, and as long as a silent connection is waited for.
      expect(looks[0]).to.be.at.least((LEASE_SECONDS + 60) * 1000)
    })

    it('not after an answer that came late: what held it up may have held the runners up too', () =>
      expectPatience({ book: telling(book, 'list', hold) }, 20_000))

    it('not after it stood still, as may the database on the same machine', () =>
      expectPatience({ clock: telling(clock, 'sleep', hold) }, 20_000))

    it('not after its machine was suspended, which only the clock that is set counts', () =>
      expectPatience({ clock: telling(clock, 'sleep', suspend) }, 0))

    it('at once where answers come in time', async () => {
      await look(3, { book: telling(book, 'list', () => (now += 2_000)) })
      expect(looks[2]! - looks[0]!).to.equal(6_000)
    })
  })
})
