import type { TransactionResponse } from 'ethers'
import type { Contracts } from '../chain/connect.js'
import { getBytes } from 'ethers'

/** A proof as a transaction carries it. */
export interface CarriedProof {
  readonly proof: Uint8Array
  readonly publicInputs: Uint8Array
}

interface Call {
  readonly to: string | null
  readonly data: string
}

/**
 * Reads the proof in the input of a reveal or submitProof transaction, also of one by a submitter key, and of one that was signed and
 * relayed.
 * @returns undefined when the market was called in another way.
 */
export function decodeProof(
  contracts: Contracts,
  transaction: Pick<TransactionResponse, 'to' | 'data'>,
): CarriedProof | undefined {
  const { to, data } = unwrapped(contracts, unwrapped(contracts, transaction))
  if (to !== contracts.addresses.market) return undefined
  const call = contracts.market.interface.parseTransaction({ data })
  if (call?.name !== 'reveal' && call?.name !== 'submitProof') return undefined
  const { proof, publicInputs } = call.args.toObject() as { proof: string; publicInputs: string }
  return { proof: getBytes(proof), publicInputs: getBytes(publicInputs) }
}

/** The call that the relay contract makes for a call to it; any other call as it is. An action can hold an act, so there are two layers. */
function unwrapped({ addresses, relay }: Contracts, call: Call): Call {
  if (call.to !== addresses.relay) return call
  const parsed = relay.interface.parseTransaction({ data: call.data })
  if (parsed?.name === 'act') {
    const [, to, data] = parsed.args as unknown as readonly [string, string, string]
    return { to, data }
  }
  if (parsed?.name !== 'execute') return call
  const [{ target, data }] = parsed.args as unknown as readonly [{ readonly target: string; readonly data: string }]
  return { to: target, data }
}
