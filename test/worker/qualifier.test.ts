import { expect } from 'chai'

import {
  nameAt,
  readEvents,
  SEAT_STATUSES,
  type Bytes32,
  type GevulotEvent,
  type Hex,
} from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { BeaconRelay } from '../../sdk/src/worker/coordinate/BeaconRelay.js'
import { SeatBook } from '../../sdk/src/worker/coordinate/SeatBook.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { Publisher } from '../../sdk/src/worker/publish/Publisher.js'
import type { TxOutcome, TxRequest } from '../../sdk/src/worker/publish/TxOutcome.js'
import { TxSigner } from '../../sdk/src/worker/publish/TxSigner.js'
import { PuzzleSolver } from '../../sdk/src/worker/qualify/PuzzleSolver.js'
import { Qualifier } from '../../sdk/src/worker/qualify/Qualifier.js'
import { EventStore } from '../../sdk/src/worker/store/EventStore.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { SolutionStore } from '../../sdk/src/worker/store/SolutionStore.js'
import { TransactionJournal } from '../../sdk/src/worker/store/TransactionJournal.js'
import { DATABASES, useDatabases } from '../support/databases.js'
import { startNetwork, UNHURRIED, type Network } from '../support/network.js'

const GWEI = 10n ** 9n
// Nothing is solved twice, however long this machine takes for all the rest.
const PUZZLE = { work: 500, count: 4, window: 3_600, period: 7_200, fractionBps: 10_000, excuses: 1, chargeBps: 100 }
const CHECKED = { ...UNHURRIED, classes: UNHURRIED.classes.map((terms) => ({ ...terms, puzzle: PUZZLE })) }

// A real chain, real puzzles, the worker's own publisher; only the ends of runs are the test's.
describe('worker: what was solved', function () {
  this.timeout(180_000)
  let network: Network
  let db: Database
  let lines: string[]

  before(async () => {
    network = await startNetwork(CHECKED)
    db = await openDatabase()
    lines = []
  })
  after(async () => {
    await db.destroy()
    await network.chain.stop()
  })

  /** A run of the worker for some seats that tells what it solves, and gives its answers to `answer`, where there is one. */
  function start(
    seats: readonly number[],
    solved: Hex[],
    answer?: (data: string) => Promise<TxOutcome>,
  ): () => Promise<void> {
    const { account, address: operator, contracts } = network.operators[0]!
    const { provider } = network.chain
    const stop = new AbortController()
    const log = jsonLogger({ level: 'debug', write: (line) => lines.push(line), now: () => Date.now() })
    const time = new ChainTime(systemClock)
    const events = new EventStore(db)
    const publisher = new Publisher({
      ...{ provider, clock: systemClock, log, time, journal: new TransactionJournal(db, systemClock) },
      ...{ signer: new TxSigner(new Secret(account.privateKey), contracts.chainId, operator) },
      ...{ pollMs: 50, maxFee: 100n * GWEI, tip: GWEI / 10n, maxGas: 3_000_000n, bumpMs: 60_000, maxInFlight: 4 },
    })
    const waiting = new Set<string>()
    const outbox = Object.assign(Object.create(publisher) as Publisher, {
      publish: (request: TxRequest) => {
        if (answer === undefined || !request.key.startsWith('answer/')) return publisher.publish(request)
        waiting.add(request.key)
        return answer(request.data)
      },
      isPending: (key: string) => waiting.has(key) || publisher.isPending(key),
    })
    // Hashcash needs no more than threads.
    const solver = new PuzzleSolver({ contracts, config: { cores: 1 } } as ConstructorParameters<
      typeof PuzzleSolver
    >[0])
    const qualifier = new Qualifier({
      config: { mode: 'auto', keeper: false, keeperDuties: [], qualify: true, pollMs: 50 },
      ...{ contracts, events, operator, publisher: outbox, time, clock: systemClock, log },
      seats: new SeatBook(contracts, events, operator, seats),
      relay: new BeaconRelay({ contracts, publisher, time, clock: systemClock, log, endpoints: [] }),
      solutions: new SolutionStore(db, systemClock),
      solver: {
        solve: async (...puzzle) => {
          const solution = await solver.solve(...puzzle)
          solved.push(solution)
          return solution
        },
      },
    })
    const follow = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        await network.chain.mine(1)
        const newest = (await provider.getBlock('latest'))!
        time.see(newest.number, newest.timestamp)
        await systemClock.sleep(200)
      }
    }
    const loops = [publisher.run(stop.signal), qualifier.run(stop.signal), follow()]
    return async () => {
      stop.abort()
      await Promise.all(loops)
    }
  }

  /** Stores what the chain has by now. */
  async function follow(): Promise<void> {
    const events: GevulotEvent[] = []
    for await (const event of readEvents(network.operators[0]!.contracts)) events.push(event)
    const newest = (await network.chain.provider.getBlock('latest'))!
    const to = { number: newest.number, hash: newest.hash as Bytes32 }
    const cursor = { start: 0, next: to.number + 1, checkpoints: [to] }
    await new EventStore(db).apply({ kind: 'events', from: 0, to, time: newest.timestamp, events, cursor })
  }

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 90_000; !(await isSo()); await systemClock.sleep(50))
      if (Date.now() > end) throw new Error(`${what} did not happen:\n${lines.join('\n')}`)
  }

  it('is answered by the next run, where the one that solved it could not send it', async () => {
    await follow()

    const [solved, again]: [Hex[], Hex[]] = [[], []]
    const answers: string[] = []
    // As where all blocks are too dear.
    const { contracts, seats } = network.operators[0]!
    const stop = start(seats.slice(0, 1), solved, (data) => {
      answers.push(data)
      return new Promise(() => undefined)
    })
    await until('the answer', () => Promise.resolve(answers.length > 0))
    await stop()
    expect(solved).to.have.length(1)

    const stopAgain = start(seats.slice(0, 1), again)
    const statusOf = async (): Promise<string> =>
      nameAt(SEAT_STATUSES, (await contracts.registry.seatOf(seats[0]!)).status)
    await until('the seat joins', async () => (await statusOf()) === 'Active')
    await stopAgain()
    expect(again).to.deep.equal([])
  })

  it('is answered for the seats that are left when one is withdrawn', async () => {
    const { contracts, seats, address } = network.operators[0]!
    const [gone, left] = seats as [number, number]
    await (await contracts.registry.leaveSet([gone])).wait()
    await network.chain.pass(Number(await contracts.registry.cooldown()) + 1)
    await (await contracts.registry.withdraw([gone], address)).wait()
    await follow()
    const stop = start(seats, [])
    const statusOf = async (): Promise<string> => nameAt(SEAT_STATUSES, (await contracts.registry.seatOf(left)).status)
    await until('the seat joins', async () => (await statusOf()) === 'Active').finally(stop)
  })
})

for (const kind of DATABASES) {
  describe(`worker: store of solutions (${kind})`, () => {
    const open = useDatabases(kind)

    it('has the newest of each seat, until it is dropped', async () => {
      const db = await open()
      try {
        const store = new SolutionStore(db, systemClock)
        const [first, second] = ['11', '22'].map((byte) => `0x${byte.repeat(32)}` as Bytes32) as [Bytes32, Bytes32]
        expect(await store.find(1)).to.equal(undefined)
        await store.keep(1, { seed: first, solution: '0xaa' })
        await store.keep(2, { seed: first, solution: '0xbb' })
        await store.keep(1, { seed: second, solution: '0xcc' })
        expect(await new SolutionStore(db, systemClock).find(1)).to.deep.equal({ seed: second, solution: '0xcc' })
        await store.drop(1)
        expect(await store.find(1)).to.equal(undefined)
        expect(await store.find(2)).to.deep.equal({ seed: first, solution: '0xbb' })
      } finally {
        await db.destroy()
      }
    })
  })
}
