import { isError, type UnsupportedOperationError } from 'ethers'
import { chainError } from '../errors/codes/chain.js'
import { GevulotError } from '../errors/GevulotError.js'
import { contractErrorOf } from './contractErrorOf.js'
import { transactionRefusal } from './transactionRefusal.js'

/** What the library says where nobody is there who could sign or ask: a contract with a provider alone, a wallet without one, an account that only looks. */
const NO_SIGNER =
  /^(?:missing provider$|VoidSigner cannot sign |(?:contract|factory) runner does not support (?:calling|sending|gas))/
/** What only a node that holds keys answers. */
const ASKS_FOR_KEYS = /^(?:eth_sendTransaction|eth_sign\w*|personal_sign)$/

/**
 * Turns whatever a provider, a signer or a contract threw into a {@link GevulotError} with a stable code. Errors of ours
 * and aborts pass through unchanged.
 * @param doing What was being done, for the message: `reading the chain id`.
 */
export function asChainError(error: unknown, doing: string): Error {
  if (error instanceof GevulotError) return error
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) return error
  if (isError(error, 'CALL_EXCEPTION')) {
    if (error.data) return contractErrorOf(error.data, doing, error)
    const details = { reason: error.reason, transaction: error.receipt?.hash }
    if (error.receipt) {
      return chainError('CHAIN_TRANSACTION_REVERTED', `${doing}: the transaction reverted`, { cause: error, details })
    }
    return chainError('CHAIN_REVERTED', `${doing}: ${error.reason ?? 'the call reverts'}`, { cause: error, details })
  }
  if (isError(error, 'INSUFFICIENT_FUNDS')) {
    return chainError('CHAIN_GAS_FUNDS_LOW', `${doing}: the account cannot pay for gas`, { cause: error })
  }
  if (isError(error, 'NONCE_EXPIRED') || isError(error, 'REPLACEMENT_UNDERPRICED')) {
    return chainError('CHAIN_NONCE_CONFLICT', `${doing}: ${error.shortMessage}`, { cause: error })
  }
  if (isError(error, 'ACTION_REJECTED')) {
    return chainError('CHAIN_SIGNER_REFUSED', `${doing}: the signer refused`, { cause: error })
  }
  // What the library says to an answer that is no text or no JSON: the endpoint's fault, and it may pass.
  const isGarbled = isError(error, 'UNSUPPORTED_OPERATION') && error.operation.startsWith('body')
  if (isError(error, 'UNSUPPORTED_OPERATION') && !isGarbled) return unsupported(error, doing)
  if (isError(error, 'INVALID_ARGUMENT')) {
    return chainError('CHAIN_HEX_INVALID', `${doing}: ${error.shortMessage}`, { cause: error })
  }
  const refusal = transactionRefusal(error, doing)
  if (refusal !== undefined) return refusal
  // What is left is the endpoint: refused, timed out, overloaded, or an answer that makes no sense.
  // Its URL may hold an API key, so it is not repeated.
  const text = error instanceof Error ? error.message : String(error)
  const reason = text.replaceAll(/(?:https?|wss?):\/\/[^\s"'`)]+/gi, '<endpoint>').slice(0, 200)
  return chainError('CHAIN_RPC_UNAVAILABLE', `${doing}: the RPC endpoint failed (${reason})`, { cause: error })
}

/** The library has one code for all that cannot be done; what is missing only its words tell. */
function unsupported(cause: UnsupportedOperationError, doing: string): GevulotError {
  const { shortMessage, operation } = cause
  if (shortMessage.startsWith('provider destroyed'))
    return chainError('CHAIN_PROVIDER_DESTROYED', `${doing}: the provider was destroyed`, { cause })
  const isUnknown = shortMessage === 'unsupported operation'
  if (NO_SIGNER.test(shortMessage) || (isUnknown && ASKS_FOR_KEYS.test(operation)))
    return chainError('CHAIN_SIGNER_MISSING', `${doing} needs a signer`, { cause })
  return chainError('CHAIN_UNSUPPORTED', `${doing}: ${operation} is not supported (${shortMessage})`, { cause })
}
