import { expect } from 'chai'
import { hexlify, randomBytes, toQuantity, Wallet } from 'ethers'

import { GevulotToken__factory } from '../../sdk/src/chain/generated/factories/GevulotToken__factory.js'
import { systemClock } from '../../sdk/src/clock.js'
import { deployContract } from '../../sdk/src/deploy/deploy.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { Publisher } from '../../sdk/src/worker/publish/Publisher.js'
import { TxSigner } from '../../sdk/src/worker/publish/TxSigner.js'
import { openDatabase } from '../../sdk/src/worker/store/openDatabase.js'
import { TransactionJournal } from '../../sdk/src/worker/store/TransactionJournal.js'
import { CHAIN_ID, TestChain } from '../support/network/TestChain.js'

const GWEI = 10n ** 9n

describe('worker: why a transaction reverted', function () {
  this.timeout(120_000)

  it('tells what reverts in a block without a reason from what nobody could be asked about', async () => {
    const chain = await TestChain.start()
    const db = await openDatabase()
    const stop = new AbortController()
    const key = hexlify(randomBytes(32))
    const account = new Wallet(key).address
    const { address } = await deployContract(chain.wallet(0), 'GevulotToken', [account, 1000n])
    await chain.provider.send('anvil_setBalance', [account, toQuantity(10n ** 18n)])
    const time = new ChainTime(systemClock)
    const block = await chain.provider.getBlock('latest')
    time.see(block!.number, block!.timestamp)
    // What a call would take, as the endpoint says it: the first time of each transaction before it is sent.
    const send = chain.provider.send.bind(chain.provider)
    let estimates: (() => Promise<unknown>)[] = []
    chain.provider.send = (method, params) =>
      method === 'eth_estimateGas' ? estimates.shift()!() : (send(method, params) as Promise<unknown>)
    const passes = async () => toQuantity(100_000)
    const publisher = new Publisher({
      ...{ provider: chain.provider, signer: new TxSigner(new Secret(key), CHAIN_ID), time, clock: systemClock },
      journal: new TransactionJournal(db, systemClock),
      log: jsonLogger({ level: 'error', write: () => undefined, now: () => 0 }),
      ...{ pollMs: 50, maxFee: 100n * GWEI, tip: GWEI / 10n, maxGas: 1_000_000n, bumpMs: 60_000, maxInFlight: 4 },
    })
    const loop = publisher.run(stop.signal)
    try {
      // More than it has.
      const data = GevulotToken__factory.createInterface().encodeFunctionData('transfer', [account, 10_000n])
      for (const [name, after] of [
        ['bare', passes],
        ['unasked', () => Promise.reject<unknown>(new Error('the endpoint is down'))],
      ] as const) {
        estimates = [passes, after]
        const about = { stage: 'test' }
        const outcome = await publisher.publish({ key: name, to: address, data, priority: 'answer', about })
        if (outcome.kind !== 'reverted') return expect.fail(outcome.kind)
        expect(outcome.error.code).to.equal('CHAIN_TRANSACTION_REVERTED')
        expect(outcome.error.cause !== undefined).to.equal(name === 'unasked')
      }
    } finally {
      stop.abort()
      await loop
      await db.destroy()
      await chain.stop()
    }
  })
})
