import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { hexlify, randomBytes, Wallet } from 'ethers'

import { systemClock } from '../../sdk/src/clock.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { Publisher } from '../../sdk/src/worker/publish/Publisher.js'
import { TxSigner } from '../../sdk/src/worker/publish/TxSigner.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { TransactionJournal } from '../../sdk/src/worker/store/TransactionJournal.js'
import { CHAIN_ID, TestChain } from '../support/network/TestChain.js'

const GWEI = 10n ** 9n
const KEY = hexlify(randomBytes(32))
const ACCOUNT = new Wallet(KEY).address

describe('worker: deadlines of what an earlier run had signed', function () {
  this.timeout(60_000)
  let chain: TestChain
  let db: Database
  let loop: Promise<void>
  const stop = new AbortController()

  before(async () => {
    chain = await TestChain.start()
    db = await openDatabase()
    await chain.provider.send('anvil_setBalance', [ACCOUNT, `0x${(10n ** 18n).toString(16)}`])
    await chain.mineEvery(0)
  })
  after(async () => {
    stop.abort()
    await loop
    await db.destroy()
    await chain.stop()
  })

  // A worker that starts has seen no block; the follower may read for minutes before it sees the newest.
  it('what is too late is not sent once more, though no block was followed yet', async () => {
    const journal = new TransactionJournal(db, systemClock)
    const signer = new TxSigner(new Secret(KEY), CHAIN_ID)
    const fields = { key: 'late', nonce: 0, to: `0x${'12'.repeat(20)}`, data: '0x01', gasLimit: 50_000n }
    const version = await signer.sign({ ...fields, maxFee: 3n * GWEI, priorityFee: GWEI })
    const { timestamp } = (await chain.provider.getBlock('latest'))!
    await journal.add({ ...fields, deadline: timestamp + 30 }, version)
    await chain.provider.send('evm_increaseTime', [60])
    await chain.mine()
    const publisher = new Publisher({
      ...{ provider: chain.provider, signer, journal, time: new ChainTime(systemClock), clock: systemClock },
      log: jsonLogger({ level: 'error', write: () => undefined, now: () => 0 }),
      ...{ pollMs: 50, maxFee: 100n * GWEI, tip: GWEI / 10n, maxGas: 1_000_000n, bumpMs: 60_000, maxInFlight: 4 },
    })
    await publisher.recover()
    loop = publisher.run(stop.signal)
    const isKnown = async (hash: string): Promise<boolean> =>
      (await chain.provider.send('eth_getTransactionByHash', [hash])) !== null
    const newest = async () => db.selectFrom('transaction_versions').selectAll().orderBy('at', 'desc').execute()
    while (!(await isKnown((await newest())[0]!.hash))) await sleep(20)
    expect((await newest()).map(({ cancels }) => cancels)).to.deep.equal([true, false])
    expect(await isKnown(version.hash)).to.be.false
  })
})
