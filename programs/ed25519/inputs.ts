import { ed25519 } from '@noble/curves/ed25519.js'
import { Noir, type InputMap } from '@noir-lang/noir_js'

import { fromWords, toWords, WORD } from '../support/words.js'
import { circuit } from './circuit.js'

/** The longest message that fits: with R and A in front of it, it is one block of SHA-512. */
export const MAX_MESSAGE = 47

const KEY = 32
const SIGNATURE = 64
const HALF = 16
/** Bytes of the message in its first word. */
const FIRST = 24
const LIMB_BITS = 85n

/** A signature of a message. */
export interface Signed {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** At most {@link MAX_MESSAGE} bytes. */
  readonly message: Uint8Array
  /** 64 bytes: R and S. */
  readonly signature: Uint8Array
}

/** The input files of a workload. Whoever holds `witness.gz` knows the signature. */
export interface SignatureInputs {
  readonly files: { readonly 'witness.gz': Uint8Array; readonly public_inputs: Uint8Array }
}

/**
 * The input files of a workload that proves knowledge of the signature.
 * @throws RangeError if the lengths are wrong or a point is not encoded as RFC 8032 wants it
 * @throws Error if the signature is not one of the message by the key
 */
export async function makeInputs(signed: Signed): Promise<SignatureInputs> {
  const { witness } = await new Noir(await circuit()).execute(circuitInputs(signed))
  return { files: { 'witness.gz': witness, public_inputs: publicInputs(signed) } }
}

/** The public words of the statement "I know a signature of this message by this key". */
export function publicInputs({ publicKey, message }: Pick<Signed, 'publicKey' | 'message'>): Uint8Array {
  return toWords(publicWords(publicKey, message))
}

/** The arguments of the circuit, see circuit/src/main.nr. Nothing is checked but the form: the circuit is the judge. */
export function circuitInputs({ publicKey, message, signature }: Signed): InputMap {
  if (signature.length !== SIGNATURE) throw new RangeError(`a signature has 64 bytes, not ${signature.length}`)
  const [first = 0n, second = 0n, length = 0n, high = 0n, low = 0n] = publicWords(publicKey, message)
  const r = signature.subarray(0, KEY)
  return {
    key: [hex(first), hex(second)],
    length: hex(length),
    message: [hex(high), hex(low)],
    r: [...r],
    s: [...signature.subarray(KEY)],
    key_x: xOf(publicKey),
    r_x: xOf(r),
  }
}

function publicWords(publicKey: Uint8Array, message: Uint8Array): bigint[] {
  if (publicKey.length !== KEY) throw new RangeError(`a key has 32 bytes, not ${publicKey.length}`)
  if (message.length > MAX_MESSAGE)
    throw new RangeError(`a message has at most ${MAX_MESSAGE} bytes, not ${message.length}`)
  const padded = new Uint8Array(MAX_MESSAGE)
  padded.set(message)
  return [
    number(publicKey.subarray(0, HALF)),
    number(publicKey.subarray(HALF)),
    BigInt(message.length),
    number(padded.subarray(0, FIRST)),
    number(padded.subarray(FIRST)),
  ]
}

/** Limbs of the x coordinate that belongs to an encoded point. */
function xOf(encoded: Uint8Array): string[] {
  const { x } = point(encoded)
  const mask = (1n << LIMB_BITS) - 1n
  return [x & mask, (x >> LIMB_BITS) & mask, x >> (2n * LIMB_BITS)].map(hex)
}

function point(encoded: Uint8Array): { readonly x: bigint } {
  try {
    return ed25519.Point.fromBytes(encoded).toAffine()
  } catch (error) {
    throw new RangeError('the key or R is not the encoding of a point', { cause: error })
  }
}

function number(bytes: Uint8Array): bigint {
  const word = new Uint8Array(WORD)
  word.set(bytes, WORD - bytes.length)
  return fromWords(word)[0] ?? 0n
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
