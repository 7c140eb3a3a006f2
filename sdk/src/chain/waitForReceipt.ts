import type { Provider, TransactionReceipt, TransactionResponse } from 'ethers'
import type { Clock } from '../clock.js'
import { chainError } from '../errors/codes/chain.js'
import { GevulotError } from '../errors/GevulotError.js'
import { asChainError } from './asChainError.js'
import { NonceUser } from './NonceUser.js'

/** How to wait. Times are in milliseconds. */
export interface ReceiptWait {
  readonly clock: Clock
  /** Blocks that have to include the transaction. */
  readonly confirmations: number
  /** Between two looks. */
  readonly pollMs: number
  /** Between the first two looks; each pause after it is twice as long, up to `pollMs`, which is the default. */
  readonly firstPollMs?: number
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Waits until a transaction is in the chain and `confirmations` blocks include it. Reads it anew at every look, so that a
 * reorg that takes it out again is noticed. What a wallet sent in its place, with the same nonce and other fees ('speed up'), is waited for like itself.
 * @throws GevulotError CHAIN_TRANSACTION_TIMEOUT, CHAIN_TRANSACTION_REPLACED when something else used its nonce, CHAIN_PROVIDER_DESTROYED; the reason of `signal`.
 */
export async function waitForReceipt(
  provider: Provider,
  sent: TransactionResponse,
  { clock, confirmations, pollMs, firstPollMs = pollMs, timeoutMs, signal }: ReceiptWait,
): Promise<TransactionReceipt> {
  const giveUpAt = clock.elapsed() + timeoutMs
  const user = new NonceUser(provider, sent)
  let transaction = sent.hash
  let last: unknown
  for (let pause = firstPollMs; ; pause = Math.min(2 * pause, pollMs)) {
    signal?.throwIfAborted()
    try {
      const receipt = await provider.getTransactionReceipt(transaction)
      if (receipt !== null) {
        if ((await receipt.confirmations()) >= confirmations) return receipt
      } else {
        const found = await user.find()
        if (found !== undefined && found.hash !== transaction) {
          // Its receipt is for the next look: what an endpoint tells of is never a reason to look again at once.
          if (isSame(found, sent)) transaction = found.hash
          else if ((await found.confirmations()) >= confirmations) throw replaced(sent, found)
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
    await clock.sleep(pause, signal)
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
