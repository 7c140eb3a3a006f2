import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { hexlify, id, parseEther, randomBytes, Wallet } from 'ethers'
import { connect, readEvents, toAddress, type Hex, type WorkloadId } from '../../sdk/src/chain/index.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { systemClock } from '../../sdk/src/clock.js'
import { startRelay, type RunningRelay } from '../../sdk/src/relay/index.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { MarketCalls } from '../../sdk/src/worker/coordinate/MarketCalls.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { Publisher, type PublisherOptions } from '../../sdk/src/worker/publish/Publisher.js'
import { RelayedPublisher } from '../../sdk/src/worker/publish/RelayedPublisher.js'
import { RelayReach } from '../../sdk/src/worker/publish/RelayReach.js'
import type { TxRequest } from '../../sdk/src/worker/publish/TxOutcome.js'
import { TxSigner } from '../../sdk/src/worker/publish/TxSigner.js'
import { ActionJournal } from '../../sdk/src/worker/store/ActionJournal.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { TransactionJournal } from '../../sdk/src/worker/store/TransactionJournal.js'
import { aProgram, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'
import { LyingRelay } from '../support/relays/LyingRelay.js'
import { TestAccount } from '../support/TestAccount.js'

const GWEI = 10n ** 9n
const said: string[] = []
const silent = jsonLogger({
  ...{ level: 'warn', now: () => Date.now() },
  write: (line) => said.push((JSON.parse(line) as { readonly message: string }).message),
})

// The outbox of an account without gas, against a real chain and a real relay.
describe('relay: outbox of an account without gas', function () {
  this.timeout(120_000)
  const key = hexlify(randomBytes(32))
  const account = toAddress(new Wallet(key).address)
  let network: Network
  let client: GevulotClient
  let program: Hex
  let calls: MarketCalls
  let directory: string
  let relay: RunningRelay
  let liar: LyingRelay
  let db: Database
  let time: ChainTime
  let reach: RelayReach
  let stop: AbortController
  let loop: Promise<void>
  /** How acts ended, as the figures are told. */
  const told: string[] = []

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 10_000n * TOKEN })
    program = await aProgram(network, client)
    calls = new MarketCalls(client.contracts)
    directory = await mkdtemp(join(tmpdir(), 'gevulot-outbox-'))
    liar = await LyingRelay.start()
    db = await openDatabase()
    await fund(new Wallet(id('payer')).address, '10')
    relay = await startRelay({
      ...{ contracts: client.contracts, key: new Secret(id('payer')), directory, clock: systemClock, log: silent },
      limits: { accounts: [account], maxGas: 3_000_000n, gasPerDay: 10n ** 9n, actsPerMinute: 600 },
      ...{ port: 0, pollMs: 50 },
    })
  })
  beforeEach(() => {
    time = new ChainTime(systemClock)
    stop = new AbortController()
    told.length = 0
    said.length = 0
  })
  afterEach(async () => {
    stop.abort()
    await loop
  })
  after(async () => {
    await relay.stop()
    await liar.stop()
    await db.destroy()
    await network.chain.stop()
    await rm(directory, { recursive: true, force: true })
  })

  async function fund(owner: string, coins: string): Promise<void> {
    await network.chain.provider.send('anvil_setBalance', [owner, `0x${parseEther(coins).toString(16)}`])
  }

  /**
   * @param head What it takes for the newest block.
   * @param patienceMs Long enough for a busy machine, where nothing waits for its end.
   */
  async function outbox(relays: readonly string[], head = 0, patienceMs = 30_000): Promise<RelayedPublisher> {
    const { provider } = network.chain
    const block = await provider.getBlock('latest')
    time.see(block!.number + head, block!.timestamp)
    const signer = new TxSigner(new Secret(key), client.contracts.chainId)
    const onEnd: PublisherOptions['onEnd'] = (_, { kind }) => told.push(kind)
    const common = { provider, signer, time, clock: systemClock, log: silent, pollMs: 50, maxInFlight: 4, onEnd }
    const fees = { maxFee: 100n * GWEI, tip: GWEI / 10n, maxGas: 3_000_000n }
    const direct = new Publisher({
      ...{ ...common, ...fees, journal: new TransactionJournal(db, systemClock), bumpMs: 60_000 },
    })
    reach = new RelayReach({ ...{ ...common, ...fees, relays, account, contracts: client.contracts } })
    const made = new RelayedPublisher({
      ...{ ...common, direct, contracts: client.contracts, journal: new ActionJournal(db, systemClock) },
      ...{ relays, reach, patienceMs, maxGas: 3_000_000n },
    })
    loop = made.run(stop.signal)
    return made
  }

  /** The draw of a workload whose round is out: anyone may ask for it. */
  async function anAct(): Promise<TxRequest> {
    const terms = { program, inputs: someInputs(), fee: 20n * TOKEN, maxRunTime: 600 }
    const { workload } = await client.submit(terms)
    await network.chain.mine(4)
    return calls.assign(workload)
  }

  async function isAssigned({ about }: TxRequest): Promise<boolean> {
    const { workload } = about as { readonly workload: WorkloadId }
    for await (const { name } of readEvents(client.contracts, { workload })) if (name === 'Assigned') return true
    return false
  }

  /** Has one act carried out, and more after a backup of the journal, which then takes its place. @returns The nonces that it does not know. */
  async function restored(acts: number): Promise<readonly string[]> {
    const first = await outbox([relay.url])
    const query = db.selectFrom('actions').select(['id', 'nonce']).orderBy('id')
    expect((await first.publish(await anAct())).kind).to.equal('mined')
    const known = (await query.execute()).length
    for (let done = 0; done < acts; done++) expect((await first.publish(await anAct())).kind).to.equal('mined')
    stop.abort()
    await loop
    stop = new AbortController()
    const later = (await query.execute()).slice(known)
    for (const { id } of later) await db.deleteFrom('actions').where('id', '=', id).execute()
    return later.map(({ nonce }) => nonce)
  }

  /** An act that an earlier version has signed with a nonce of another act, as it did with a journal that had been restored. */
  async function signedBefore(nonce: string, deadline?: number): Promise<TxRequest> {
    const act = await anAct()
    const block = await network.chain.provider.getBlockNumber()
    const row = { key: act.key, nonce, target: act.to, data: act.data, deadline: deadline ?? null, block }
    await db
      .insertInto('actions')
      .values({ ...row, state: 'signed', at: systemClock.now() })
      .execute()
    return { ...act, ...(deadline !== undefined && { deadline }) }
  }

  it('an act whose nonce its account has cancelled can be done the next time it is asked for', async () => {
    const act = await anAct()
    const first = await outbox([liar.url])
    const outcome = first.publish(act)
    while (liar.bodies.length === 0) await systemClock.sleep(20)
    await fund(account, '1')
    const own = await connect(network.deployment, new TestAccount(key, network.chain.provider))
    await (await own.relay.cancelNonce(liar.bodies[0]!.action.nonce)).wait()
    await fund(account, '0')
    expect((await outcome).kind).to.equal('superseded')
    stop.abort()
    await loop
    stop = new AbortController()
    const second = await outbox([relay.url])
    expect((await second.publish(act)).kind).to.equal('mined')
  })

  it('asks relays again while what the own account has sent waits for a cheaper block', async () => {
    let isBack = false
    const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      const answer = await fetch(`${relay.url}${request.url}`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: Buffer.concat(parts) },
      })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    }
    const gate = createServer((request, response) => {
      if (isBack) pass(request, response).catch(() => response.destroy())
      else response.writeHead(503).end()
    })
    gate.listen(0, '127.0.0.1')
    await once(gate, 'listening')
    try {
      const act = await anAct()
      await fund(account, '1')
      // Dearer than the account pays, and not than the relay does.
      await network.chain.provider.send('anvil_setNextBlockBaseFeePerGas', [`0x${(150n * GWEI).toString(16)}`])
      await network.chain.mine(1)
      const publisher = await outbox([`http://127.0.0.1:${(gate.address() as AddressInfo).port}`], 0, 2_000)
      const done = publisher.publish(act)
      while (!said.includes('no relay carries out an act; it goes out from the own account'))
        await systemClock.sleep(20)
      isBack = true
      const outcome = await done
      expect(outcome.kind).to.equal('mined')
      const { hash } = outcome as { readonly hash: string }
      expect((await network.chain.provider.getTransaction(hash))?.from).to.equal(relay.account)
    } finally {
      gate.closeAllConnections()
      gate.close()
      await fund(account, '0')
    }
  })

  it('an act that goes out from the own account is told of once', async () => {
    await fund(account, '1')
    const publisher = await outbox(['http://127.0.0.1:9'])
    expect((await publisher.publish(await anAct())).kind).to.equal('mined')
    expect(told).to.deep.equal(['mined'])
    await fund(account, '0')
  })

  it('forgets acts that ended long ago', async () => {
    const row = { nonce: '1', target: account, data: '0x01', deadline: null, block: -5_000, at: 1 }
    const rows = (['done', 'dropped', 'signed'] as const).map((state) => ({ ...row, key: `${state} once`, state }))
    await db.insertInto('actions').values(rows).execute()
    const publisher = await outbox([relay.url])
    expect((await publisher.publish(await anAct())).kind).to.equal('mined')
    const left = db.selectFrom('actions').select('key').where('key', 'like', '% once')
    expect(await left.execute()).to.deep.equal([{ key: 'signed once' }])
    await db.deleteFrom('actions').where('key', 'like', '% once').execute()
  })

  it('an act that a relay has just the gas for asks it for no more', async () => {
    const act = await anAct()
    const { from, to, data } = { ...act, from: account }
    const estimate = BigInt((await network.chain.provider.send('eth_estimateGas', [{ from, to, data }])) as string)
    const maxGas = (estimate * 11n) / 10n
    await fund(new Wallet(id('narrow payer')).address, '10')
    const narrow = await startRelay({
      ...{ contracts: client.contracts, key: new Secret(id('narrow payer')), clock: systemClock, log: silent },
      limits: { accounts: [account], maxGas, gasPerDay: 10n ** 9n, actsPerMinute: 600 },
      ...{ directory: join(directory, 'narrow'), port: 0, pollMs: 50 },
    })
    try {
      // Its first answer takes the longest, and one that comes too late is taken for a relay's with the usual limits for some seconds.
      await fetch(`${narrow.url}/v1/relay`)
      const publisher = await outbox([narrow.url])
      while ((await reach.mostGas(narrow.url, 0)) > maxGas) await systemClock.sleep(100)
      expect((await publisher.publish(act)).kind).to.equal('mined')
      expect(said).not.to.include('a relay does not take an act')
    } finally {
      await narrow.stop()
    }
  })

  it('an act that was carried out below the block that was newest when it was signed has its end', async () => {
    // As after a reorg to a chain that is not longer yet.
    const act = await anAct()
    const publisher = await outbox([relay.url], 8)
    expect((await publisher.publish(act)).kind).to.equal('mined')
    expect(publisher.isPending(act.key)).to.be.false
  })
  it('with a journal from a backup, acts get nonces that were not spent since', async () => {
    await restored(2)
    const second = await outbox([relay.url])
    const acts = [await anAct(), await anAct()]
    for (const act of acts) {
      expect((await second.publish(act)).kind).to.equal('mined')
      expect(await isAssigned(act)).to.be.true
    }
  })

  it('an act whose nonce another act has spent is not done, and is carried out with a new one', async () => {
    const [near = '', old = '', late = ''] = await restored(3)
    const young = await signedBefore(near)
    const second = await outbox([relay.url])
    await second.recover()
    expect((await second.publish(young)).kind).to.equal('mined')
    expect(await isAssigned(young)).to.be.true
    stop.abort()
    await loop
    stop = new AbortController()
    // Beyond the blocks in which its event is looked for.
    await network.chain.mine(300)
    const acts = [await signedBefore(old), await signedBefore(late, 1)]
    // It is waited for that long before.
    const third = await outbox([relay.url], 0, 10_000)
    await third.recover()
    const outcomes = await Promise.all(acts.map((act) => third.publish(act)))
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal(['mined', 'expired'])
    expect(await Promise.all(acts.map(isAssigned))).to.deep.equal([true, false])
    expect(await new ActionJournal(db, systemClock).pending()).to.deep.equal([])
  })
})
