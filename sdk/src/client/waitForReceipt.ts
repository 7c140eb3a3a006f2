import type { TransactionReceipt, TransactionResponse } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import { chainError } from '../errors/codes/chain.js'
import { GevulotError } from '../errors/GevulotError.js'
import type { Client } from './Client.js'
import { NonceUser } from './NonceUser.js'

/**
 * Waits until a transaction is in the chain and `confirmations` blocks include it. Reads it anew at every look, so that a
 * reorg that takes it out again is noticed. What a wallet sent in its place, with the same nonce and other fees ('speed up'), is waited for like itself.
 * @throws GevulotError CHAIN_TRANSACTION_TIMEOUT, CHAIN_TRANSACTION_REPLACED when something else used its nonce, CHAIN_PROVIDER_DESTROYED; the reason of `signal`.
 */
export async function waitForReceipt(
  client: Client,
  sent: TransactionResponse,
  signal?: AbortSignal,
): Promise<TransactionReceipt> {
  const { clock, settings, contracts } = client
  const giveUpAt = clock.elapsed() + settings.transactionTimeoutMs
  const user = new NonceUser(contracts.provider, sent)
  let transaction = sent.hash
  let last: unknown
  for (;;) {
    signal?.throwIfAborted()
    try {
      const receipt = await contracts.provider.getTransactionReceipt(transaction)
      if (receipt !== null) {
        if ((await receipt.confirmations()) >= settings.confirmations) return receipt
      } else {
        const found = await user.find()
        if (found !== undefined && found.hash !== transaction) {
          // Its receipt is for the next look: what an endpoint tells of is never a reason to look again at once.
          if (isSame(found, sent)) transaction = found.hash
          else if ((await found.confirmations()) >= settings.confirmations) throw replaced(sent, found)
        }
      }
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

/** Whether a transaction does what another one was to do. */
function isSame(one: TransactionResponse, other: TransactionResponse): boolean {
  return one.to === other.to && one.data === other.data && one.value === other.value
}

function replaced({ hash, nonce }: TransactionResponse, by: TransactionResponse): Error {
  return chainError(
    'CHAIN_TRANSACTION_REPLACED',
    `nonce ${nonce} of ${by.from} was used by ${by.hash}, not by ${hash}`,
    {
      details: { transaction: hash, replacement: by.hash, nonce },
    },
  )
}
