import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import type { Provider, TransactionResponse } from 'ethers'
import { waitForReceipt } from '../../sdk/src/chain/waitForReceipt.js'
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
    const wait = { clock: systemClock, timeoutMs: 400, pollMs: 50, confirmations: 1 }
    await rejected(waitForReceipt(provider as unknown as Provider, of('0x0'), wait), 'CHAIN_TRANSACTION_TIMEOUT')
    expect(looks).to.be.within(2, 12)
  })
})
