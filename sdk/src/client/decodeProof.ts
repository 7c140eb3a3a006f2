import type { TransactionResponse } from 'ethers'
import type { Contracts } from '../chain/connect.js'
import { getBytes } from 'ethers'

/** A proof as a transaction carries it. */
export interface CarriedProof {
  readonly proof: Uint8Array
  readonly publicInputs: Uint8Array
}

/**
 * Reads the proof in the input of a reveal or submitProof transaction.
 * @returns undefined when the market was called through another contract.
 */
export function decodeProof(contracts: Contracts, transaction: TransactionResponse): CarriedProof | undefined {
  if (transaction.to !== contracts.addresses.market) return undefined
  const call = contracts.market.interface.parseTransaction(transaction)
  if (call?.name !== 'reveal' && call?.name !== 'submitProof') return undefined
  const { proof, publicInputs } = call.args.toObject() as { proof: string; publicInputs: string }
  return { proof: getBytes(proof), publicInputs: getBytes(publicInputs) }
}
