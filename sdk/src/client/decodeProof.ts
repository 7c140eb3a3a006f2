import { AbiCoder, getBytes, keccak256, type TransactionResponse } from 'ethers'
import type { Contracts } from '../chain/connect.js'
import type { Spec } from '../chain/spec.js'
import { digestOf, type Digest } from '../content/digest.js'

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
  const { proof, publicInputs } = call.args.toObject() as CarriedHex
  return { proof: getBytes(proof), publicInputs: getBytes(publicInputs) }
}

/** Reveals of one workload that are looked at in one call of another contract, of each kind. */
const MOST_CANDIDATES = 64

/**
 * Searches the input of a call of any contract (a wallet, a batch of calls) for the call of the market that revealed a proof: it stands in there byte
 * by byte unless the contract makes it up by itself. What is found is the proof with this digest, or nothing: a wrong guess is harmless.
 * @param data Hexadecimal.
 */
export function searchProof({ market }: Contracts, data: string, spec: Spec, digest: Digest): CarriedProof | undefined {
  const text = data.toLowerCase()
  for (const name of ['reveal', 'submitProof'] as const) {
    const fragment = market.interface.getFunction(name)
    // A spec is of a fixed size, so this is how each of these calls begins.
    const beginning =
      fragment.selector + AbiCoder.defaultAbiCoder().encode(fragment.inputs.slice(0, 1), [spec]).slice(2)
    const wanted = beginning.slice(2).toLowerCase()
    let at = text.indexOf(wanted)
    for (let looks = 0; at !== -1 && looks < MOST_CANDIDATES; looks++, at = text.indexOf(wanted, at + 1)) {
      const found = at % 2 === 0 ? argumentsOf(market, name, `0x${text.slice(at)}`) : undefined
      if (found === undefined || digestOf(found.proof) !== digest) continue
      if (keccak256(found.publicInputs) === spec.publicInputs) return found
    }
  }
  return undefined
}

/** What a call hands over; undefined where it is cut off or leads nowhere. */
function argumentsOf(market: Contracts['market'], name: string, data: string): CarriedProof | undefined {
  try {
    const { proof, publicInputs } = market.interface.decodeFunctionData(name, data).toObject() as CarriedHex
    return { proof: getBytes(proof), publicInputs: getBytes(publicInputs) }
  } catch {
    return undefined
  }
}

interface CarriedHex {
  readonly proof: string
  readonly publicInputs: string
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
