import { GevulotError } from '../errors/GevulotError.js'

/** Whether an act was refused by how things stand on the chain, so that it would be again: not by an account without gas money, by a signer or by a server. */
export function isRefusedForGood(error: unknown): boolean {
  if (!(error instanceof GevulotError) || error.retryable) return false
  return error.code.startsWith('CONTRACT_') || error.code === 'CHAIN_REVERTED' || error.code === 'CLIENT_NOTHING_TO_DO'
}
