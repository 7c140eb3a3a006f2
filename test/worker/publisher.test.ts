import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { hexlify, JsonRpcProvider, makeError, randomBytes, toQuantity, Wallet } from 'ethers'

import { deployContract } from '../../sdk/src/deploy/deploy.js'
import { GevulotToken__factory } from '../../sdk/src/chain/generated/factories/GevulotToken__factory.js'
import type { Address, GevulotToken } from '../../sdk/src/chain/index.js'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { systemClock } from '../../sdk/src/clock.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { Publisher, type PublisherOptions } from '../../sdk/src/worker/publish/Publisher.js'
import type { TxRequest } from '../../sdk/src/worker/publish/TxOutcome.js'
import { ExternalSigner } from '../../sdk/src/worker/key/ExternalSigner.js'
import { TxSigner } from '../../sdk/src/worker/publish/TxSigner.js'
import type { Database } from '../../sdk/src/worker/store/openDatabase.js'
import { TransactionJournal } from '../../sdk/src/worker/store/TransactionJournal.js'
import { DATABASES, useDatabases } from '../support/databases.js'
import { SignerServer } from '../support/SignerServer.js'
import { CHAIN_ID, TestChain } from '../support/network/TestChain.js'

const GWEI = 10n ** 9n
const KEY = hexlify(randomBytes(32))
const ACCOUNT = new Wallet(KEY).address

// A contract of our own with errors and state: the token. What the publisher sends does not matter to it.
for (const kind of DATABASES) {
  describe(`worker: publisher (${kind})`, function () {
    const open = useDatabases(kind)
    this.timeout(120_000)
    let chain: TestChain
    let token: GevulotToken
    let address: string
    let db: Database
    let time: ChainTime
    /** Milliseconds that pass for the chain's deadlines: they pass when a case says so, however slow the machine is. */
    let passed: number
    let stop: AbortController
    const loops: Promise<void>[] = []

    beforeEach(async () => {
      chain = await TestChain.start()
      const owner = chain.wallet(0)
      address = (await deployContract(owner, 'GevulotToken', [ACCOUNT, 1000n])).address
      token = GevulotToken__factory.connect(address, owner)
      await fund(10n ** 18n)
      db = await open()
      passed = 0
      time = new ChainTime({ ...systemClock, elapsed: () => passed })
      await lookAtHead()
      stop = new AbortController()
    })
    afterEach(async () => {
      stop.abort()
      await Promise.all(loops.splice(0))
      await db.destroy()
      await chain.stop()
    })

    async function fund(wei: bigint): Promise<void> {
      await chain.provider.send('anvil_setBalance', [ACCOUNT, `0x${wei.toString(16)}`])
    }

    async function lookAtHead(): Promise<void> {
      const block = await chain.provider.getBlock('latest')
      time.see(block!.number, block!.timestamp)
    }

    function create(changes: Partial<PublisherOptions> = {}): Publisher {
      return new Publisher({
        provider: chain.provider,
        signer: new TxSigner(new Secret(KEY), CHAIN_ID),
        journal: new TransactionJournal(db, systemClock),
        time,
        clock: systemClock,
        log: jsonLogger({ level: 'error', write: console.log, now: () => Date.now() }),
        pollMs: 50,
        maxFee: 100n * GWEI,
        tip: GWEI / 10n,
        maxGas: 1_000_000n,
        bumpMs: 60_000,
        maxInFlight: 4,
        ...changes,
      })
    }

    function started(changes: Partial<PublisherOptions> = {}): Publisher {
      const publisher = create(changes)
      loops.push(publisher.run(stop.signal))
      return publisher
    }

    function transfer(key: string, amount = 1n, more: Partial<TxRequest> = {}): TxRequest {
      const data = token.interface.encodeFunctionData('transfer', [`0x${'12'.repeat(20)}`, amount])
      return { key, to: address, data, priority: 'answer', about: { stage: 'test' }, ...more }
    }

    async function received(): Promise<bigint> {
      return token.balanceOf(`0x${'12'.repeat(20)}`)
    }

    async function states(): Promise<string[]> {
      return (await db.selectFrom('transactions').select('state').orderBy('id').execute()).map((row) => row.state)
    }

    const isKnown = async (hash: string): Promise<boolean> =>
      (await chain.provider.send('eth_getTransactionByHash', [hash])) !== null
    /** Waits until this many versions of transactions are journalled, and the node has the newest: it is journalled before it is sent. */
    async function versions(count: number): Promise<readonly { readonly hash: string; readonly max_fee: string }[]> {
      for (;;) {
        const rows = await db.selectFrom('transaction_versions').selectAll().orderBy('at').execute()
        if (rows.length >= count && (await isKnown(rows.at(-1)!.hash))) return rows
        await sleep(20)
      }
    }

    it('mines what it is given, in order, with consecutive nonces', async () => {
      const publisher = started()
      const outcomes = await Promise.all([1, 2, 3, 4, 5, 6].map((number) => publisher.publish(transfer(`t${number}`))))
      expect(outcomes.map(({ kind }) => kind)).to.deep.equal(Array(6).fill('mined'))
      expect(await received()).to.equal(6n)
      expect(await states()).to.deep.equal(Array(6).fill('mined'))
    })

    it('joins a request that is under way', async () => {
      await chain.mineEvery(0)
      const publisher = started()
      const first = publisher.publish(transfer('same'))
      const second = publisher.publish(transfer('same'))
      await versions(1)
      expect(publisher.isPending('same')).to.be.true
      const third = publisher.publish(transfer('same'))
      await chain.mine()
      expect(await first).to.equal(await second)
      expect((await third).kind).to.equal('mined')
      expect(await received()).to.equal(1n)
      expect(publisher.isPending('same')).to.be.false
    })

    it('uses no nonce twice that an endpoint has forgotten: it lags behind the one that was asked before', async () => {
      const provider = rpcProvider(chain.url, CHAIN_ID)
      const send = provider.send.bind(provider)
      let lag = 0
      provider.send = async (method, params) => {
        const answer: unknown = await send(method, params)
        return method === 'eth_getTransactionCount' ? Number(answer) - lag : answer
      }
      const publisher = started({ provider })
      expect((await publisher.publish(transfer('first'))).kind).to.equal('mined')
      lag = 1
      const second = publisher.publish(transfer('second', 2n))
      await versions(2)
      lag = 0
      expect((await second).kind).to.equal('mined')
      expect(await states()).to.deep.equal(['mined', 'mined'])
      expect(await received()).to.equal(3n)
      provider.destroy()
    })

    it('sends nothing that would revert, and says why by the error of our contracts', async () => {
      const outcome = await started().publish(transfer('too much', 5000n))
      expect(outcome.kind).to.equal('reverted')
      if (outcome.kind !== 'reverted') return
      expect(outcome.error.code).to.equal('CONTRACT_ERC20_INSUFFICIENT_BALANCE')
      expect(outcome.hash).to.be.undefined
      expect(await states()).to.be.empty
    })

    it('prefers proofs to answers and answers to the rest', async () => {
      const publisher = create({ maxInFlight: 1 })
      const order: string[] = []
      const publish = async (key: string, priority: TxRequest['priority']): Promise<void> => {
        await publisher.publish(transfer(key, 1n, { priority }))
        order.push(key)
      }
      const all = [publish('k', 'keeper'), publish('a', 'answer'), publish('p', 'proof')]
      loops.push(publisher.run(stop.signal))
      await Promise.all(all)
      expect(order).to.deep.equal(['p', 'a', 'k'])
    })

    it('refuses more gas than its ceiling, and an account that cannot pay', async () => {
      const publisher = started({ maxGas: 30_000n })
      const dear = await publisher.publish(transfer('dear'))
      const { code, message } = dear.kind === 'failed' ? dear.error : { code: dear.kind, message: '' }
      expect(code).to.equal('CHAIN_GAS_LIMIT_TOO_HIGH')
      expect(message).to.match(/^dear needs \d+ gas, more than maxGas \(30000\)$/)
      await fund(1n)
      const poor = started()
      const outcome = await poor.publish(transfer('poor'))
      expect(outcome.kind).to.equal('failed')
      expect(await states()).to.be.empty
      await fund(10n ** 18n)
      expect((await poor.publish(transfer('rich'))).kind).to.equal('mined')
    })

    it('raises the fee of what is not mined, and stops at the ceiling', async () => {
      await chain.mineEvery(0)
      const publisher = started({ bumpMs: 200, maxFee: 6n * GWEI })
      const outcome = publisher.publish(transfer('slow'))
      const fees = (await versions(3)).map((version) => BigInt(version.max_fee))
      fees.slice(1).forEach((fee, index) => expect(fee * 10n).to.be.greaterThanOrEqual(fees[index]! * 11n))
      await sleep(2_000)
      const all = (await versions(3)).map((version) => BigInt(version.max_fee))
      expect(all.every((fee) => fee <= 6n * GWEI)).to.be.true
      await chain.mine()
      expect((await outcome).kind).to.equal('mined')
      expect(await received()).to.equal(1n)
    })

    it('never lets anything be mined after its deadline, at the ceiling of fees either', async () => {
      await chain.mineEvery(0)
      const publisher = started({ maxFee: 2n * GWEI })
      const outcome = publisher.publish(transfer('late', 1n, { deadline: time.now() + 1 }))
      const [first] = await versions(1)
      expect(first?.max_fee).to.equal(String(2n * GWEI))
      passed += 2_000
      await versions(2)
      await chain.mine()
      expect((await outcome).kind).to.equal('expired')
      expect(await received()).to.equal(0n)
    })

    it('never lets anything be mined after its deadline', async () => {
      await chain.mineEvery(0)
      const publisher = started()
      const outcome = publisher.publish(transfer('late', 1n, { deadline: time.now() + 1 }))
      await versions(1)
      passed += 2_000
      await versions(2)
      await chain.mine()
      expect((await outcome).kind).to.equal('expired')
      expect(await received()).to.equal(0n)
      expect(await states()).to.deep.equal(['expired'])
      expect((await publisher.publish(transfer('too late', 1n, { deadline: time.now() - 1 }))).kind).to.equal('expired')
      await chain.mineAtOnce()
      expect((await publisher.publish(transfer('next'))).kind).to.equal('mined')
    })

    it('notices that a stranger uses the key', async () => {
      await chain.mineEvery(0)
      const publisher = started()
      const outcome = publisher.publish(transfer('ours'))
      await versions(1)
      await chain.provider.send('anvil_dropAllTransactions', [])
      const stranger = new Wallet(KEY, chain.provider)
      await stranger.sendTransaction({
        to: ACCOUNT,
        nonce: 0,
        gasLimit: 21_000,
        maxFeePerGas: 50n * GWEI,
        maxPriorityFeePerGas: GWEI,
      })
      await chain.mine()
      expect((await outcome).kind).to.equal('superseded')
      expect(await states()).to.deep.equal(['superseded'])
    })

    it('finds after a restart what it had sent, mined meanwhile or forgotten by the node', async () => {
      await chain.mineEvery(0)
      const first = create()
      const ended = new AbortController()
      const loop = first.run(ended.signal)
      const before = [first.publish(transfer('one')), first.publish(transfer('two'))]
      await versions(2)
      ended.abort()
      await loop
      expect((await Promise.all(before)).map(({ kind }) => kind)).to.deep.equal(['failed', 'failed'])
      // The node has lost both; only the journal knows them.
      await chain.provider.send('anvil_dropAllTransactions', [])
      const second = create()
      await second.recover()
      expect(second.isPending('two')).to.be.true
      expect(second.pendingKeys()).to.deep.equal(['one', 'two'])
      const joined = second.publish(transfer('two'))
      loops.push(second.run(stop.signal))
      await versions(2)
      await chain.mine()
      expect((await joined).kind).to.equal('mined')
      expect(await received()).to.equal(2n)
      expect(await versions(2)).to.have.length(2)
    })

    it('sends with another key from now on, whatever the one before has sent and in whichever nonces', async () => {
      await chain.provider.send('anvil_setNonce', [ACCOUNT, '0x1f4'])
      await chain.mineEvery(0)
      const first = create()
      const ended = new AbortController()
      const loop = first.run(ended.signal)
      void first.publish(transfer('one'))
      await versions(1)
      ended.abort()
      await loop
      const other = Wallet.createRandom()
      await chain.provider.send('anvil_setBalance', [other.address, toQuantity(10n ** 18n)])
      const second = create({ signer: new TxSigner(new Secret(other.privateKey), CHAIN_ID) })
      await second.recover()
      expect(second.isPending('one')).to.be.false
      await chain.mineAtOnce()
      loops.push(second.run(stop.signal))
      expect((await second.publish(transfer('one', 0n))).kind).to.equal('mined')
      expect(await states()).to.deep.equal(['superseded', 'mined'])
      expect(await chain.provider.getTransactionCount(other.address)).to.equal(1)
    })

    it('what the endpoint alone refuses to look at holds up nothing else', async () => {
      // As a gateway that takes no bodies above its limit: nothing of the chain, so it may be answered the next time.
      class Gateway extends JsonRpcProvider {
        isOpen = false
        override async send(method: string, params: unknown[]): Promise<unknown> {
          if (this.isOpen || method !== 'eth_estimateGas' || !JSON.stringify(params).includes('dead')) {
            return (await super.send(method, params)) as unknown
          }
          throw makeError('server response 413 Payload Too Large', 'SERVER_ERROR', { request: '' })
        }
      }
      const provider = new Gateway(chain.url, CHAIN_ID, { cacheTimeout: -1 })
      const publisher = create({ provider })
      const large = publisher.publish(transfer('large', 0xdeadn, { priority: 'proof', deadline: time.now() + 3_000 }))
      const others = ['a', 'b', 'c'].map((key) => publisher.publish(transfer(key)))
      loops.push(publisher.run(stop.signal))
      expect((await Promise.all(others)).map(({ kind }) => kind)).to.deep.equal(['mined', 'mined', 'mined'])
      expect(publisher.isPending('large')).to.be.true
      provider.isOpen = true
      // More than the account has: it was asked again.
      expect((await large).kind).to.equal('reverted')
      provider.destroy()
    })

    it('forgets what ended long ago at nonces far back', async () => {
      const journal = new TransactionJournal(db, { ...systemClock, now: () => 0 })
      const version = await new TxSigner(new Secret(KEY), CHAIN_ID).signCancel(3, GWEI, 1n)
      await journal.end(await journal.add({ key: 'old', nonce: 3, to: address, data: '0x', gasLimit: 21_000n }, version), 'mined') // prettier-ignore
      await chain.provider.send('anvil_setNonce', [ACCOUNT, '0x800'])
      expect((await started().publish(transfer('new'))).kind).to.equal('mined')
      expect((await versions(1)).map(({ hash }) => hash)).to.not.include(version.hash)
      expect(await states()).to.deep.equal(['mined'])
    })

    it('waits out an endpoint that is down', async () => {
      const publisher = started()
      chain.pause()
      const outcome = publisher.publish(transfer('patient'))
      await sleep(500)
      chain.resume()
      expect((await outcome).kind).to.equal('mined')
    })

    describe('with an external signer', () => {
      let server: SignerServer

      beforeEach(async () => {
        server = await SignerServer.start(KEY)
      })
      afterEach(async () => {
        await server.halt()
      })

      async function withSigner(changes: Partial<PublisherOptions> = {}): Promise<Publisher> {
        const log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
        const options = { url: new Secret(server.url), account: ACCOUNT as Address, timeoutMs: 60_000, log }
        return started({ signer: new TxSigner(await ExternalSigner.open(options), CHAIN_ID), log, ...changes })
      }

      it('drops what the signer refuses, and goes on with what stands behind it', async () => {
        const publisher = await withSigner()
        server.mode = 'refuses'
        const refused = await publisher.publish(transfer('refused'))
        expect(refused.kind === 'failed' && refused.error.code).to.equal('WORKER_SIGNER_REFUSED')
        server.mode = 'honest'
        expect((await publisher.publish(transfer('next'))).kind).to.equal('mined')
        expect(await states()).to.deep.equal(['mined'])
      })

      it('waits for a signer that is away', async () => {
        const publisher = await withSigner()
        await server.halt()
        const outcome = publisher.publish(transfer('patient'))
        await sleep(300)
        expect(publisher.isPending('patient')).to.be.true
        await server.resume()
        expect((await outcome).kind).to.equal('mined')
      })

      it('goes on with what it has sent when no higher fee is signed', async () => {
        await chain.mineEvery(0)
        let ahead = 0
        const publisher = await withSigner({
          clock: { ...systemClock, elapsed: () => systemClock.elapsed() + ahead },
          bumpMs: 60_000,
        })
        server.mode = 'honest'
        const outcome = publisher.publish(transfer('cheap'))
        await versions(1)
        server.mode = 'refuses'
        ahead = 60_000
        while (server.asked.filter((method) => method === 'eth_signTransaction').length < 2) await sleep(20)
        await chain.mine()
        expect((await outcome).kind).to.equal('mined')
        expect(await versions(1)).to.have.length(1)
      })
    })

    // Anvil forgets the transactions of the blocks it takes back, which is the worst a node can do.
    it('sends again what a reorg took away, so that what is behind it can be mined', async () => {
      const publisher = started()
      expect((await publisher.publish(transfer('first'))).kind).to.equal('mined')
      await chain.mineEvery(0)
      const outcome = publisher.publish(transfer('second'))
      await versions(2)
      await chain.provider.send('anvil_reorg', [1, []])
      await chain.mineEvery(1)
      expect((await outcome).kind).to.equal('mined')
      expect(await received()).to.equal(2n)
    })

    // The chain is again as it was, and so is what is signed.
    it('signs the same bytes for a nonce that a reorg gave back, after a restart', async () => {
      const ended = new AbortController()
      const first = create()
      const loop = first.run(ended.signal)
      expect((await first.publish(transfer('first'))).kind).to.equal('mined')
      ended.abort()
      await loop
      const [before] = await versions(1)
      await chain.provider.send('anvil_rollback', [1])
      expect(await received()).to.equal(0n)
      expect((await started().publish(transfer('first'))).kind).to.equal('mined')
      expect(await received()).to.equal(1n)
      expect((await versions(1)).map(({ hash }) => hash)).to.deep.equal([before?.hash])
    })

    it('sends again what a reorg took away, also when nothing is behind it', async () => {
      const publisher = started({ bumpMs: 300 })
      expect((await publisher.publish(transfer('first'))).kind).to.equal('mined')
      await chain.provider.send('anvil_reorg', [1, []])
      await chain.mineEvery(1)
      while ((await received()) === 0n) await sleep(50)
      expect(await received()).to.equal(1n)
    })

    it('uses up the nonce of what a reorg took away and only somebody else had signed', async () => {
      const publisher = started({ bumpMs: 300 })
      await new Wallet(KEY, chain.provider).sendTransaction({ to: ACCOUNT })
      expect((await publisher.publish(transfer('first'))).kind).to.equal('mined')
      await chain.provider.send('anvil_reorg', [2, []])
      await chain.mineEvery(1)
      while ((await received()) === 0n) await sleep(50)
      expect(await chain.provider.getTransactionCount(ACCOUNT)).to.equal(2)
    })

    it('signs for few nonces, however far back an endpoint says that the account is', async () => {
      await chain.provider.send('anvil_setNonce', [ACCOUNT, '0x1f4'])
      const publisher = started({ bumpMs: 300 })
      expect((await publisher.publish(transfer('first'))).kind).to.equal('mined')
      await chain.provider.send('anvil_setNonce', [ACCOUNT, '0x0'])
      const gaps = async (): Promise<number> =>
        Number((await db.selectFrom('transactions').select(db.fn.countAll().as('all')).where('key', 'like', 'gap/%').executeTakeFirstOrThrow()).all) // prettier-ignore
      while ((await gaps()) < 255) await sleep(50)
      await sleep(1_500)
      expect(await gaps()).to.equal(255)
    })

    it('raises the fee of what a reorg took away, which nothing behind it can be mined without, and tells of its end once', async () => {
      const told: string[] = []
      const onEnd: PublisherOptions['onEnd'] = ({ key }, { kind }) => told.push(`${key} ${kind}`)
      const publisher = started({ bumpMs: 300, onEnd })
      expect((await publisher.publish(transfer('first'))).kind).to.equal('mined')
      await chain.mineEvery(0)
      const outcome = publisher.publish(transfer('second'))
      await versions(2)
      await chain.provider.send('anvil_reorg', [1, []])
      // Far above what was signed; no node mines or keeps that any more.
      await chain.provider.send('anvil_setNextBlockBaseFeePerGas', [`0x${(20n * GWEI).toString(16)}`])
      await chain.mine()
      await chain.provider.send('anvil_dropAllTransactions', [])
      expect(await received()).to.equal(0n)
      await chain.mineEvery(1)
      expect((await outcome).kind).to.equal('mined')
      expect(await received()).to.equal(2n)
      expect(await states()).to.deep.equal(['mined', 'mined'])
      expect(told).to.deep.equal(['first mined', 'second mined'])
      const { id } = await db
        .selectFrom('transactions')
        .select('id')
        .where('key', '=', 'first')
        .executeTakeFirstOrThrow()
      const signed = await db.selectFrom('transaction_versions').selectAll().where('transaction_id', '=', id).execute()
      expect(signed.length).to.be.above(1)
    })
  })
}
