import type { TransactionReceipt, TransactionResponse } from 'ethers'
import { systemClock } from '../clock.js'
import { chainError } from '../errors/codes/chain.js'
import { waitForReceipt } from './waitForReceipt.js'

/** A local chain has mined it by the second look, a public one has a block every 12 seconds. */
const WAIT = { clock: systemClock, confirmations: 1, firstPollMs: 25, pollMs: 2_000, timeoutMs: 600_000 }

/**
 * Waits until a block has a transaction that was sent through ethers, for ten minutes at most. In place of the library's own `wait`, which does not hear its
 * looks fail: where an endpoint answers one of them with an error, the process ends, with the transaction on its way.
 * @throws GevulotError CHAIN_TRANSACTION_REVERTED, CHAIN_TRANSACTION_TIMEOUT and CHAIN_TRANSACTION_REPLACED, with the hash in `details`.
 */
export async function untilMined(sent: TransactionResponse): Promise<TransactionReceipt> {
  const receipt = await waitForReceipt(sent.provider, sent, WAIT)
  if (receipt.status !== 0) return receipt
  throw chainError('CHAIN_TRANSACTION_REVERTED', `transaction ${receipt.hash} reverted`, {
    details: { transaction: receipt.hash },
  })
}
