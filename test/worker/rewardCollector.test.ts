import { expect } from 'chai'
import { hexlify, makeError, parseEther, randomBytes, toQuantity, Wallet } from 'ethers'

import {
  pointsOf,
  readEvents,
  readReceipt,
  type Bytes32,
  type GevulotEvent,
  type WorkloadId,
} from '../../sdk/src/chain/index.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { systemClock } from '../../sdk/src/clock.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { Publisher } from '../../sdk/src/worker/publish/Publisher.js'
import type { TxRequest } from '../../sdk/src/worker/publish/TxOutcome.js'
import { TxSigner } from '../../sdk/src/worker/publish/TxSigner.js'
import { RewardCollector } from '../../sdk/src/worker/rewards/RewardCollector.js'
import { EventStore } from '../../sdk/src/worker/store/EventStore.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { RewardStore } from '../../sdk/src/worker/store/RewardStore.js'
import { TransactionJournal } from '../../sdk/src/worker/store/TransactionJournal.js'
import {
  aProgram,
  operatorOf,
  prover,
  someInputs,
  startNetwork,
  TOKEN,
  UNHURRIED,
  type Network,
  type Operator,
} from '../support/network.js'

const GWEI = 10n ** 9n
// Epochs end when a case says so: one that ended by itself between two looks would make more due than the case counts on.
const EPOCH = 86_400
const ASIDE = 'paid work without a receipt is set aside'

// A real chain, a real database and the worker's own publisher; the jobs are what a worker has written down.
describe('worker: collector of rewards', function () {
  this.timeout(180_000)
  let network: Network
  let client: GevulotClient
  let program: `0x${string}`
  let db: Database
  let store: RewardStore
  let lines: Record<string, unknown>[]
  let stop: AbortController
  let loops: Promise<void>[]
  let claimed: bigint[]

  before(async () => {
    network = await startNetwork({ ...UNHURRIED, rewards: { ...UNHURRIED.rewards, epochLength: EPOCH } })
    client = await network.client()
    await client.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, client)
  })
  after(() => network.chain.stop())
  beforeEach(async () => {
    db = await openDatabase()
    store = new RewardStore(db, systemClock)
    lines = []
    stop = new AbortController()
    loops = []
    claimed = []
  })
  afterEach(async () => {
    stop.abort()
    await Promise.all(loops)
    await db.destroy()
  })

  /** A workload whose two ranks went to two operators. */
  async function ranked(): Promise<{ workload: WorkloadId; seats: number[] }> {
    const terms = { program, inputs: someInputs(), fee: 10n * TOKEN, maxRunTime: 100, redundancy: 2 }
    const { workload, spec } = await client.submit(terms)
    await network.chain.mine(4)
    await client.assign({ workload })
    const seats = (await client.getWorkload({ workload })).slots.map(({ seat }) => seat)
    for (const seat of seats) await prover.commit(network, workload, seat)
    await network.chain.pass(2)
    for (const seat of seats) await prover.reveal(network, spec, seat)
    await client.settle({ workload })
    return { workload, seats }
  }

  async function withdrawn(seat: number): Promise<void> {
    const { contracts, address } = operatorOf(network, seat)
    await (await contracts.registry.leaveSet([seat])).wait()
    await network.chain.pass(Number(await contracts.registry.cooldown()) + 1)
    await (await contracts.registry.withdraw([seat], address)).wait()
  }

  /** What a worker has in its database: the events it followed, as `seen` leaves them, and its closed jobs, oldest first. */
  async function remember(
    jobs: readonly (readonly [WorkloadId, number])[],
    seen: (event: GevulotEvent) => GevulotEvent | undefined = (event) => event,
  ): Promise<void> {
    const events: GevulotEvent[] = []
    for await (const event of readEvents(client.contracts)) events.push(...[seen(event) ?? []].flat())
    await follow(events)
    const job = { open: false, state: 'settled', delivered: false, rank: 1, closed: true, created_at: 0 } as const
    const rows = jobs.map(([workload, seat], index) => ({ ...job, workload, seat, updated_at: index }))
    await db.insertInto('jobs').values(rows).execute()
  }

  /** @param hash Of the newest block as it was read, where the endpoint has another one now. */
  async function follow(events: readonly GevulotEvent[], hash?: Bytes32): Promise<void> {
    const newest = (await network.chain.provider.getBlock('latest'))!
    const to = { number: newest.number, hash: hash ?? (newest.hash as Bytes32) }
    const cursor = { start: 0, next: to.number + 1, checkpoints: [to] }
    const store = new EventStore(db)
    const from = (await store.cursor())?.next ?? 0
    await store.apply({ kind: 'events', from, to, time: newest.timestamp, events, cursor })
  }

  /**
   * @param before Called before each transaction is published.
   * @param key What signs and pays, where it is not the operator's.
   * @param answered Called when it was answered about one block.
   */
  function collect(
    { account, address, contracts }: Operator,
    before: (key: string) => Promise<void> = async () => {},
    key = account.privateKey,
    answered: () => Promise<void> = async () => {},
  ): RewardCollector {
    const write = (line: string): unknown => lines.push(JSON.parse(line) as Record<string, unknown>)
    const log = jsonLogger({ level: 'debug', write, now: () => Date.now() })
    const { provider } = network.chain
    const signer = new TxSigner(new Secret(key), contracts.chainId, address)
    const publisher = new Publisher({
      ...{ provider, signer, clock: systemClock, log, time: new ChainTime(systemClock) },
      ...{ journal: new TransactionJournal(db, systemClock), pollMs: 50, maxFee: 100n * GWEI, tip: GWEI / 10n },
      ...{ maxGas: 3_000_000n, bumpMs: 60_000, maxInFlight: 4 },
    })
    const outbox = Object.assign(Object.create(publisher) as Publisher, {
      publish: async (request: TxRequest) => before(request.key).then(() => publisher.publish(request)),
      isPending: (key: string) => publisher.isPending(key),
    })
    const asked = Object.assign(Object.create(provider) as typeof provider, {
      send: async (method: string, params: unknown[]): Promise<unknown> => {
        const answer: unknown = await provider.send(method, params)
        await answered()
        return answer
      },
    })
    const collector = new RewardCollector({
      ...{
        contracts,
        provider: asked,
        publisher: outbox,
        log,
        store,
        operator: address,
        payer: signer.address,
        clock: systemClock,
        events: new EventStore(db),
      },
      config: { mode: 'auto', rewards: true, rewardsFrom: 0, pollMs: 10 },
      onClaimed: (amount) => claimed.push(amount),
    })
    loops.push(publisher.run(stop.signal), collector.run(stop.signal))
    return collector
  }

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 90_000; !(await isSo()); await systemClock.sleep(50)) {
      if (Date.now() > end)
        throw new Error(`${what} did not happen:\n${lines.map((l) => JSON.stringify(l)).join('\n')}`)
    }
  }

  const linesOf = (message: string): Record<string, unknown>[] => lines.filter((line) => line['message'] === message)

  const isRecorded = async (workload: WorkloadId): Promise<boolean> =>
    client.contracts.rewards.isRecorded((await client.getWorkload({ workload })).spec)

  it('records work whose other rank went to a seat that is withdrawn since', async () => {
    const { workload, seats } = await ranked()
    await withdrawn(seats[0]!)
    await remember([[workload, seats[1]!]])
    const own = operatorOf(network, seats[1]!)
    collect(own)
    await until('the record', () => isRecorded(workload))
    const { rewards } = client.contracts
    const points = pointsOf((await readReceipt(client.contracts, workload))!, await rewards.kappaBps(), own.address)
    expect((await rewards.rewardsOf(own.address)).pending).to.equal(points)
  })

  it('counts nothing as recorded before the block is read: a reorg that nobody sees takes none away', async () => {
    const { workload, seats } = await ranked()
    await remember([[workload, seats[0]!]])
    const own = operatorOf(network, seats[0]!)
    const recordedOnce = async (): Promise<void> => {
      stop = new AbortController()
      lines = []
      collect(own)
      await until('the record', () => isRecorded(workload))
      // Long enough for many looks: it neither counts as done nor is it sent again.
      await systemClock.sleep(1_000)
      expect(linesOf('transaction sent')).to.have.length(1)
      expect(await store.unrecorded(1)).to.deep.equal([workload])
    }
    await recordedOnce()
    stop.abort()
    await Promise.all(loops)
    await network.chain.provider.send('anvil_reorg', [1, []])
    expect(await isRecorded(workload)).to.equal(false)
    await recordedOnce()
    await follow([])
    await until('the note', async () => (await store.unrecorded(1)).length === 0)
  })

  it('believes no endpoint about a block of another branch', async () => {
    const { workload, seats } = await ranked()
    await remember([[workload, seats[0]!]])
    await client.recordRewards({ workloads: [workload] })
    await follow([], hexlify(randomBytes(32)) as Bytes32)
    collect(operatorOf(network, seats[0]!))
    // Long enough for many looks.
    await systemClock.sleep(1_000)
    expect(await store.unrecorded(1)).to.deep.equal([workload])
    await follow([])
    await until('the note', async () => (await store.unrecorded(1)).length === 0)
  })

  it('asks an endpoint that takes no hashes by number', async () => {
    const { workload, seats } = await ranked()
    await remember([[workload, seats[0]!]])
    await client.recordRewards({ workloads: [workload] })
    await follow([])
    collect(operatorOf(network, seats[0]!), undefined, undefined, () => {
      const error = { id: 1, error: { code: -32_602, message: 'invalid argument 1' } }
      throw makeError('eth_call is refused', 'SERVER_ERROR', { request: 'eth_call', info: { error } })
    })
    await until('the note', async () => (await store.unrecorded(1)).length === 0)
  })

  it('asks anew about what was noted last, as an earlier run may have ended before it forgot what a reorg had undone', async () => {
    const { workload, seats } = await ranked()
    await remember([[workload, seats[0]!]])
    const long = 3 * 86_400_000
    await new RewardStore(db, { ...systemClock, now: () => Date.now() - long }).note([workload])
    expect(await store.unrecorded(1)).to.deep.equal([])
    collect(operatorOf(network, seats[0]!))
    await until('the record', () => isRecorded(workload))
  })

  it('makes no note of what was answered before a reorg', async () => {
    const { workload, seats } = await ranked()
    await remember([[workload, seats[0]!]])
    await client.recordRewards({ workloads: [workload] })
    await follow([])
    let isOnce = false
    let askedIt = (): void => undefined
    const asked = new Promise<void>((resolve) => (askedIt = resolve))
    let goOn = (): void => undefined
    const undone = new Promise<void>((resolve) => (goOn = resolve))
    const collector = collect(operatorOf(network, seats[0]!), undefined, undefined, async () => {
      if (isOnce) return
      isOnce = true
      askedIt()
      await undone
    })
    await asked
    const { provider } = network.chain
    const redoFrom = await provider.getBlockNumber()
    await provider.send('anvil_reorg', [1, []])
    expect(await isRecorded(workload)).to.equal(false)
    const before = (await provider.getBlock(redoFrom - 1))!
    const checkpoints = [{ number: before.number, hash: before.hash as Bytes32 }]
    const cursor = { start: 0, next: redoFrom, checkpoints }
    await new EventStore(db).apply({ kind: 'reorg', redoFrom, because: 'replaced', cursor })
    await collector.onReorg(redoFrom)
    goOn()
    await until('the record', () => isRecorded(workload))
  })

  it('records with a submitter key that has gas money, where the operator has none', async () => {
    const { workload, seats } = await ranked()
    await remember([[workload, seats[0]!]])
    const own = operatorOf(network, seats[0]!)
    const { provider } = network.chain
    const had = await provider.getBalance(own.address)
    const key = Wallet.createRandom()
    await provider.send('anvil_setBalance', [own.address, '0x0'])
    await provider.send('anvil_setBalance', [key.address, toQuantity(parseEther('1'))])
    collect(own, undefined, key.privateKey)
    await until('the record', () => isRecorded(workload))
    await provider.send('anvil_setBalance', [own.address, toQuantity(had)])
  })

  it('sets work without a receipt aside: neither the rest nor what is due waits for it', async () => {
    const broken = await ranked()
    const undone = await ranked()
    const paidTo = operatorOf(network, undone.seats[0]!)
    let good = await ranked()
    while (!good.seats.some((seat) => operatorOf(network, seat).address === paidTo.address)) good = await ranked()
    const seat = good.seats[0]!
    // Something is due before the collector starts.
    await client.recordRewards({ workloads: [undone.workload] })
    await network.chain.pass(EPOCH)
    await client.recordRewards({ workloads: [(await ranked()).workload] })
    const { market, rewards } = client.contracts
    const { due } = await rewards.rewardsOf(paidTo.address)
    expect(due > 0n).to.equal(true)
    const balance = (await market.accountOf(paidTo.address)).balance

    // More than one transaction takes, all older than the good one: with no end, and one with an event missing.
    const endless = Array.from({ length: 40 }, () => [hexlify(randomBytes(32)) as WorkloadId, seat] as const)
    await remember([...endless, [broken.workload, broken.seats[0]!], [good.workload, seat]], (event) =>
      event.name === 'Committed' && event.args.workload === broken.workload ? undefined : event,
    )
    collect(paidTo)
    await until('the record', () => isRecorded(good.workload))
    await until('the claim', async () => (await market.accountOf(paidTo.address)).balance === balance + due)
    expect(await isRecorded(broken.workload)).to.equal(false)
    expect(
      linesOf(ASIDE)
        .filter(({ level }) => level === 'warn')
        .map(({ workload }) => workload),
    ).to.deep.equal([broken.workload])
    // They are not forgotten: each is looked at again in its turn.
    const isAgain = (line: Record<string, unknown>): boolean =>
      line['level'] === 'debug' && line['workload'] === broken.workload
    await until('another look', () => Promise.resolve(linesOf(ASIDE).some(isAgain)))
  })

  it('takes up what was set aside once its events are there', async () => {
    const { workload, seats } = await ranked()
    const isLate = (event: GevulotEvent): boolean => event.name === 'Finished' && event.args.workload === workload
    await remember([[workload, seats[0]!]], (event) => (isLate(event) ? undefined : event))
    collect(operatorOf(network, seats[0]!))
    await until('a look', () => Promise.resolve(linesOf(ASIDE).length > 0))
    const late: GevulotEvent[] = []
    for await (const event of readEvents(client.contracts, { workload })) if (isLate(event)) late.push(event)
    await follow(late)
    await until('the record', () => isRecorded(workload))
  })

  it('has nothing to record where nothing can be earned', async () => {
    const { workload, seats } = await ranked()
    await remember([[workload, seats[0]!]])
    const owners = seats.map((seat) => operatorOf(network, seat).address)
    collect(network.operators.find(({ address }) => !owners.includes(address))!)
    await until('the note', async () => (await store.unrecorded(1)).length === 0)
    expect(await isRecorded(workload)).to.equal(false)
  })

  it('has nothing to record where no committee judged, though ranks were paid', async () => {
    const { workload, seats } = await ranked()
    // The end as `Settlement` reports it when every committee was silent.
    await remember([[workload, seats[0]!]], (event) =>
      event.name === 'Finished' && event.args.workload === workload
        ? { ...event, args: { ...event.args, outcome: 'Unjudged' } }
        : event,
    )
    expect(await store.unrecorded(1)).to.deep.equal([workload])
    collect(operatorOf(network, seats[0]!))
    await until('the note', async () => (await store.unrecorded(1)).length === 0)
    expect(await isRecorded(workload)).to.equal(false)
  })

  it('counts what a claim moved, whatever was due when it was sent', async () => {
    const first = await ranked()
    const own = operatorOf(network, first.seats[0]!)
    let second = await ranked()
    while (!second.seats.some((seat) => operatorOf(network, seat).address === own.address)) second = await ranked()
    await client.recordRewards({ workloads: [first.workload] })
    await network.chain.pass(EPOCH)
    await client.recordRewards({ workloads: [second.workload] })
    const { market, rewards } = client.contracts
    const balance = async (): Promise<bigint> => (await market.accountOf(own.address)).balance
    const before = await balance()
    const asked: bigint[] = []
    collect(own, async (key) => {
      if (key !== 'claim' || asked.length > 0) return
      asked.push((await rewards.rewardsOf(own.address)).due)
      // The next epoch ends before the claim is mined, and what it gave is due too.
      await network.chain.pass(EPOCH)
    })
    await until('the claim', () => Promise.resolve(claimed.length > 0))
    stop.abort()
    expect(claimed).to.deep.equal([(await balance()) - before])
    expect(claimed[0]! > asked[0]!).to.equal(true)
  })

  it('a record that is mined only when another epoch has begun has the gas to close the one and open the other', async () => {
    const [first, second] = [await ranked(), await ranked()]
    // One is open from here on.
    await client.recordRewards({ workloads: [first.workload] })
    await remember([[second.workload, second.seats[0]!]])
    const { provider } = network.chain
    const records = () => linesOf('transaction sent').filter(({ act }) => act === 'record')
    await provider.send('evm_setAutomine', [false])
    try {
      collect(operatorOf(network, second.seats[0]!))
      await until('the transaction', async () => records().length === 1)
      await network.chain.pass(EPOCH)
    } finally {
      await provider.send('evm_setAutomine', [true])
    }
    await until('the record', () => isRecorded(second.workload))
    expect(records()).to.have.length(1)
  })
})
