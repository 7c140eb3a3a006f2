import { expect } from 'chai'
import { hexlify, randomBytes, Transaction, Wallet, type JsonRpcProvider } from 'ethers'

import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { systemClock } from '../../sdk/src/clock.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { Publisher, type PublisherOptions } from '../../sdk/src/worker/publish/Publisher.js'
import type { TxOutcome, TxRequest } from '../../sdk/src/worker/publish/TxOutcome.js'
import { TxSigner } from '../../sdk/src/worker/publish/TxSigner.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { TransactionJournal } from '../../sdk/src/worker/store/TransactionJournal.js'
import { FaultyRpc } from '../support/network/FaultyRpc.js'
import { CHAIN_ID, TestChain } from '../support/network/TestChain.js'

const GWEI = 10n ** 9n
const KEY = hexlify(randomBytes(32))
const ACCOUNT = new Wallet(KEY).address
const NOBODY = `0x${'12'.repeat(20)}`
const LARGE = `0x${'11'.repeat(140_000)}`

interface Version {
  readonly hash: string
  readonly maxFee: bigint
}

// A local chain takes everything; nodes that guard real ones do not.
describe('worker: transactions that nodes refuse', function () {
  this.timeout(120_000)
  let chain: TestChain
  let rpc: FaultyRpc
  let provider: JsonRpcProvider
  let db: Database
  let journal: TransactionJournal
  let stop: AbortController
  const signer = new TxSigner(new Secret(KEY), CHAIN_ID)
  const loops: Promise<void>[] = []

  beforeEach(async () => {
    chain = await TestChain.start()
    await chain.provider.send('anvil_setBalance', [ACCOUNT, `0x${(10n ** 20n).toString(16)}`])
    rpc = await FaultyRpc.start(chain.url)
    rpc.fault = 'refuses as geth'
    provider = rpcProvider(rpc.url, CHAIN_ID)
    db = await openDatabase()
    journal = new TransactionJournal(db, systemClock)
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    await Promise.all(loops.splice(0))
    await db.destroy()
    provider.destroy()
    await rpc.stop()
    await chain.stop()
  })

  async function create(changes: Partial<PublisherOptions> = {}): Promise<Publisher> {
    const time = new ChainTime(systemClock)
    const block = await chain.provider.getBlock('latest')
    time.see(block!.number, block!.timestamp)
    return new Publisher({
      ...{ provider, signer, journal, time, clock: systemClock, pollMs: 50 },
      log: jsonLogger({ level: 'error', write: () => undefined, now: () => 0 }),
      ...{ maxFee: 100n * GWEI, tip: GWEI / 10n, maxGas: 30_000_000n, bumpMs: 60_000, maxInFlight: 4 },
      ...changes,
    })
  }

  async function started(changes: Partial<PublisherOptions> = {}): Promise<Publisher> {
    const publisher = await create(changes)
    loops.push(publisher.run(stop.signal))
    return publisher
  }

  function call(key: string, data: string): TxRequest {
    // Its window is open for a day: nothing but the publisher itself gives the nonce back before.
    const deadline = Math.floor(Date.now() / 1000) + 86_400
    return { key, to: NOBODY, data, priority: 'answer', deadline, about: { stage: 'test' } }
  }

  function failure(outcome: TxOutcome): string | undefined {
    return outcome.kind === 'failed' ? outcome.error.code : outcome.kind
  }

  /** That what comes next has the nonce that was given back. */
  async function expectNext(publisher: Publisher): Promise<void> {
    expect((await publisher.publish(call('next', '0x01'))).kind).to.equal('mined')
    expect(await chain.provider.getTransactionCount(ACCOUNT)).to.equal(1)
    const rows = await db.selectFrom('transactions').select(['key', 'state']).execute()
    expect(rows).to.deep.equal([{ key: 'next', state: 'mined' }])
  }

  it('what is too large for every node is dropped before it is sent, and keeps nothing back', async () => {
    const publisher = await started()
    const outcome = await publisher.publish(call('large', LARGE))
    expect(failure(outcome)).to.equal('CHAIN_TRANSACTION_TOO_LARGE')
    expect(rpc.asked.get('eth_sendRawTransaction')).to.be.undefined
    await expectNext(publisher)
  })

  it('what a node says that takes less is believed: its nonce is free again', async () => {
    const publisher = await started()
    rpc.limits.bytes = 200
    expect(failure(await publisher.publish(call('large', `0x${'11'.repeat(300)}`)))).to.equal(
      'CHAIN_TRANSACTION_TOO_LARGE',
    )
    await expectNext(publisher)
  })

  it('so is what it says of the gas limit, by the transaction and by the block, and of what it may cost', async () => {
    const publisher = await started()
    rpc.limits.gas = 21_000n
    expect(failure(await publisher.publish(call('transaction', '0x01')))).to.equal('CHAIN_GAS_LIMIT_TOO_HIGH')
    rpc.limits.gas = 2n ** 24n
    rpc.limits.blockGas = 21_000n
    expect(failure(await publisher.publish(call('block', '0x01')))).to.equal('CHAIN_GAS_LIMIT_TOO_HIGH')
    rpc.limits.blockGas = 30_000_000n
    rpc.limits.fee = 1n
    expect(failure(await publisher.publish(call('dear', '0x01')))).to.equal('CHAIN_FEE_REFUSED')
    rpc.limits.fee = 10n ** 18n
    await expectNext(publisher)
  })

  it('gives no more gas than a transaction may have, where what it needs fits', async () => {
    // Five million at the least, for its bytes, and thirty per cent more than a chain of low limits takes.
    const bytes = `0x${'11'.repeat(100_000)}`
    const needed = await chain.provider.estimateGas({ from: ACCOUNT, to: NOBODY, data: bytes })
    const publisher = await started({ maxGas: needed + 1_000n })
    const outcome = await publisher.publish(call('tight', bytes))
    expect(outcome.kind).to.equal('mined')
    const sent = await chain.provider.getTransaction(outcome.kind === 'mined' ? outcome.hash : '')
    expect(sent?.gasLimit).to.equal(needed + 1_000n)
    const poor = await started({ maxGas: needed - 1n })
    expect((await poor.publish(call('too tight', bytes))).kind).to.equal('failed')
  })

  /** Everything signed so far, the oldest first. */
  async function versions(): Promise<readonly Version[]> {
    const rows = await db.selectFrom('transaction_versions').selectAll().orderBy('at').execute()
    return rows.map(({ hash, max_fee }) => ({ hash, maxFee: BigInt(max_fee) }))
  }

  const isKnown = async (hash: string): Promise<boolean> =>
    (await chain.provider.send('eth_getTransactionByHash', [hash])) !== null

  async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
    for (const end = Date.now() + 60_000; !(await isSo()); await systemClock.sleep(20))
      if (Date.now() > end) throw new Error(`in vain: ${isSo.toString()}`)
  }

  const sent = (): number => rpc.asked.get('eth_sendRawTransaction') ?? 0

  it('a fee that nodes refuse is raised from no further: what they have is, and they are sent it again', async () => {
    await chain.mineEvery(0)
    const publisher = await started({ bumpMs: 100 })
    let gasLimit = 0n
    // Just what the first one may cost, from before a second one is signed.
    rpc.delays = ({ method, params }) => {
      if (gasLimit > 0n || method !== 'eth_sendRawTransaction') return 0
      const transaction = Transaction.from(String(params[0]))
      gasLimit = transaction.gasLimit
      rpc.limits.fee = gasLimit * transaction.maxFeePerGas!
      return 0
    }
    const outcome = publisher.publish(call('slow', '0x01'))
    await until(async () => (await versions()).length === 2)
    const [first, refused] = (await versions()) as [Version, Version]
    expect(refused.maxFee > first.maxFee).to.be.true
    const before = sent()
    await until(() => sent() >= before + 6)
    expect(
      (await versions()).map(({ hash }) => hash),
      'nothing dearer is signed',
    ).to.deep.equal([first.hash, refused.hash])
    await chain.provider.send('anvil_dropTransaction', [first.hash])
    await until(() => isKnown(first.hash))
    // It is not lost either: somebody may take it later.
    rpc.limits.fee = gasLimit * refused.maxFee
    await until(() => isKnown(refused.hash))
    rpc.limits.fee = 10n ** 18n
    await until(async () => (await versions()).length > 2)
    expect((await versions())[2]!.maxFee * 4n).to.be.at.least(refused.maxFee * 5n)
    await chain.mine()
    expect((await outcome).kind).to.equal('mined')
  })

  it('after a restart what nodes have is sent again, when what was signed last is refused', async () => {
    await chain.mineEvery(0)
    const fields = { key: 'slow', nonce: 0, to: NOBODY, data: '0x01', gasLimit: 100_000n }
    const [low, high] = await Promise.all(
      [3n, 9n].map((maxFee) => signer.sign({ ...fields, maxFee: maxFee * GWEI, priorityFee: GWEI })),
    )
    await journal.addVersion(await journal.add(fields, low!), high!)
    rpc.limits.fee = fields.gasLimit * 5n * GWEI
    const publisher = await create({ bumpMs: 60_000 })
    await publisher.recover()
    const outcome = publisher.publish(call('slow', '0x01'))
    loops.push(publisher.run(stop.signal))
    await until(() => isKnown(low!.hash))
    expect(await versions()).to.have.length(2)
    await chain.mine()
    expect((await outcome).kind).to.equal('mined')
  })

  it('the transfer that takes the place of what is too late outbids what nodes have, whatever they refused', async () => {
    await chain.mineEvery(0)
    const fields = { key: 'late', nonce: 0, to: NOBODY, data: '0x01', gasLimit: 100_000n, deadline: 1 }
    const [low, high] = await Promise.all(
      [3n, 9n].map((maxFee) => signer.sign({ ...fields, maxFee: maxFee * GWEI, priorityFee: GWEI })),
    )
    await chain.provider.broadcastTransaction(low!.raw)
    await journal.addVersion(await journal.add(fields, low!), high!)
    const publisher = await create({ bumpMs: 100 })
    await publisher.recover()
    const outcome = publisher.publish(call('late', '0x01'))
    loops.push(publisher.run(stop.signal))
    // The node forgets each once the next one outbids it.
    await until(async () =>
      (await Promise.all((await versions()).slice(2).map(({ hash }) => isKnown(hash)))).includes(true),
    )
    await chain.mine()
    expect((await outcome).kind).to.equal('expired')
  })

  // Before this was known, nobody could be sure that no node had it, so it waited for its deadline, and a restart sent it again.
  it('what an earlier run had signed and no node takes gives its nonce up at once', async () => {
    const fields = { key: 'large', nonce: 0, to: NOBODY, data: LARGE, gasLimit: 10_000_000n }
    const deadline = Math.floor(Date.now() / 1000) + 86_400
    await journal.add({ ...fields, deadline }, await signer.sign({ ...fields, maxFee: 3n * GWEI, priorityFee: GWEI }))
    const publisher = await create()
    await publisher.recover()
    const [large, next] = [publisher.publish(call('large', LARGE)), publisher.publish(call('next', '0x01'))]
    loops.push(publisher.run(stop.signal))
    expect(failure(await large)).to.equal('CHAIN_TRANSACTION_TOO_LARGE')
    expect((await next).kind).to.equal('mined')
    expect(await chain.provider.getTransactionCount(ACCOUNT)).to.equal(2)
  })
})
