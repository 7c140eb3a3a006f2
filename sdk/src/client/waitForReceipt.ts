import type { TransactionReceipt } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import type { Hex } from '../chain/hex.js'
import { chainError } from '../errors/codes/chain.js'
import { GevulotError } from '../errors/GevulotError.js'
import type { Client } from './Client.js'

/**
 * Waits until a transaction is in the chain and `confirmations` blocks include it. Reads it anew at every look, so that a
 * reorg that takes it out again is noticed.
 * @throws GevulotError CHAIN_TRANSACTION_TIMEOUT, CHAIN_PROVIDER_DESTROYED; the reason of `signal`.
 */
export async function waitForReceipt(
  client: Client,
  transaction: Hex,
  signal?: AbortSignal,
): Promise<TransactionReceipt> {
  const { clock, settings, contracts } = client
  const giveUpAt = clock.elapsed() + settings.transactionTimeoutMs
  let last: unknown
  for (;;) {
    signal?.throwIfAborted()
    try {
      const receipt = await contracts.provider.getTransactionReceipt(transaction)
      if (receipt !== null && (await receipt.confirmations()) >= settings.confirmations) return receipt
    } catch (error) {
      const problem = asChainError(error, `reading the receipt of ${transaction}`)
      if (!GevulotError.is(problem, 'CHAIN_RPC_UNAVAILABLE')) throw problem
      last = problem
    }
    if (clock.elapsed() >= giveUpAt) {
      throw chainError('CHAIN_TRANSACTION_TIMEOUT', `transaction ${transaction} is not mined`, {
        details: { transaction },
        ...(last !== undefined && { cause: last }),
      })
    }
    await clock.sleep(settings.pollMs, signal)
  }
}
