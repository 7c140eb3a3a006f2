import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import type { TransactionResponse } from 'ethers'
import type { Client } from '../../sdk/src/client/Client.js'
import { waitForReceipt } from '../../sdk/src/client/waitForReceipt.js'
import { systemClock } from '../../sdk/src/clock.js'
import { rejected } from '../support/rejected.js'

describe('client: waiting for a transaction', function () {
  this.timeout(10_000)

  it('an endpoint that tells of another replacement at each look, and of no receipt, is left at the timeout', async () => {
    let looks = 0
    const of = (hash: string) =>
      ({ hash, from: '0x1', to: '0x2', data: '0x', value: 0n, nonce: 4 }) as TransactionResponse
    const provider = {
      getTransactionReceipt: () => setImmediate(null),
      getBlockNumber: () => Promise.resolve(9),
      getTransactionCount: () => Promise.resolve(5),
      getBlock: () => Promise.resolve({ prefetchedTransactions: [of(`0x${++looks}`)] }),
    }
    const settings = { transactionTimeoutMs: 400, pollMs: 50, confirmations: 1 }
    const client = { clock: systemClock, settings, contracts: { provider } } as unknown as Client
    await rejected(waitForReceipt(client, of('0x0')), 'CHAIN_TRANSACTION_TIMEOUT')
    expect(looks).to.be.within(2, 12)
  })
})
