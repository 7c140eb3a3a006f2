import { BaseWallet, isError, keccak256, type Signer, type TransactionRequest, type TransactionResponse } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import { ALREADY_THERE } from '../chain/rpc/EndpointPool.js'
import { chainError } from '../errors/codes/chain.js'
import { GevulotError } from '../errors/GevulotError.js'
import type { Client } from './Client.js'

/** How often the same bytes are sent to an endpoint that does not say whether it has taken them. */
const TRIES = 5

/**
 * Sends a transaction. Where the answer of the endpoint is lost, it may have been taken, and whoever repeats the call would do the same twice: so what an account of
 * this process signs is sent again as it is, which can only ever be included once, until an endpoint knows it.
 * @param doing What the transaction does, for errors.
 * @throws GevulotError CHAIN_TRANSACTION_TIMEOUT with the hash in `details` where no endpoint says whether it has it; other `CHAIN_*`: it was not sent.
 */
export async function transmit(
  { clock, settings }: Pick<Client, 'clock' | 'settings'>,
  signer: Signer,
  transaction: TransactionRequest,
  doing: string,
): Promise<TransactionResponse> {
  const { provider } = signer
  // A wallet elsewhere signs and sends in one, and so may a class of the caller's.
  const isOurs = signer instanceof BaseWallet && signer.sendTransaction === BaseWallet.prototype.sendTransaction
  if (!isOurs || provider === null) return signer.sendTransaction(transaction)
  const raw = await signer.signTransaction(await signer.populateTransaction(transaction))
  const hash = keccak256(raw)
  let isSent = false
  for (let tries = 1; ; tries++) {
    try {
      return await provider.broadcastTransaction(raw)
    } catch (error) {
      const problem = asChainError(error, doing)
      isSent ||= GevulotError.is(problem, 'CHAIN_RPC_UNAVAILABLE') && !isRefusal(error)
      if (!isSent) throw problem
      const found = await provider.getTransaction(hash).catch(() => null)
      if (found !== null) return found
      if (tries === TRIES) {
        const message = `${doing}: the endpoint does not say whether it has transaction ${hash}`
        throw chainError('CHAIN_TRANSACTION_TIMEOUT', message, { cause: problem, details: { transaction: hash } })
      }
    }
    // Not even for the signal of the call is this left half done: whoever sends next has to know whether the nonce is used.
    await clock.sleep(settings.pollMs)
  }
}

/** Whether a node has answered that it does not take it, in words for which there is no code. */
function isRefusal(error: unknown): boolean {
  if (!isError(error, 'UNKNOWN_ERROR')) return false
  const { payload, error: said } = error as {
    readonly payload?: { readonly method?: unknown }
    readonly error?: unknown
  }
  return payload?.method === 'eth_sendRawTransaction' && !ALREADY_THERE.test(JSON.stringify(said ?? ''))
}
