import { bls12_381 } from '@noble/curves/bls12-381.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { hexlify, toBeArray, zeroPadBytes } from 'ethers'
import type { Bytes32 } from '../chain/hex.js'
import { beaconError } from '../errors/codes/beacon.js'
import { QUICKNET } from './quicknet.js'

/** A round whose signature was checked. */
export interface VerifiedRound {
  readonly round: number
  /** sha-256 of the compressed signature: what drand publishes. */
  readonly randomness: Bytes32
  /** The value of the beacon on chain: the first 16 bytes of the randomness, then zeros. Mirrors `DrandBeacon.value`. */
  readonly value: Bytes32
  /** The uncompressed signature, x and y of 48 bytes each in three words: what `DrandBeacon.publish` takes. */
  readonly point: readonly [Bytes32, Bytes32, Bytes32]
}

const COMPRESSED_BYTES = 48
const VALUE_BYTES = 16

/**
 * Checks a signature against quicknet's public key and takes it apart for the contract. Pure: no network, no trust in
 * whoever served it.
 * @param signature 48 bytes as drand publishes them, hexadecimal with or without 0x.
 * @example
 * const { point } = verifyRound(1000, 'b44679b9…5e39')
 * @throws GevulotError BEACON_ROUND_INVALID, BEACON_SIGNATURE_INVALID
 */
export function verifyRound(round: number, signature: string): VerifiedRound {
  if (!Number.isInteger(round) || round < 1 || round > 0xffff_ffff) {
    throw beaconError('BEACON_ROUND_INVALID', `${round} is not the number of a round`)
  }
  const bytes = bytesOf(round, signature)
  const { shortSignatures, G1, G2 } = bls12_381
  let point: InstanceType<typeof G1.Point>
  try {
    point = G1.Point.fromBytes(bytes)
    point.assertValidity()
  } catch (cause) {
    throw refused(round, 'is no point of the group', cause)
  }
  const message = shortSignatures.hash(sha256(messageOf(round)), QUICKNET.domain)
  const key = G2.Point.fromHex(QUICKNET.publicKey)
  if (!shortSignatures.verify(point, message, key)) throw refused(round, "is not quicknet's signature of it")
  const plain = point.toBytes(false)
  const word = (index: number): Bytes32 => hexlify(plain.subarray(32 * index, 32 * (index + 1))) as Bytes32
  const randomness = sha256(bytes)
  const value = zeroPadBytes(randomness.subarray(0, VALUE_BYTES), 32) as Bytes32
  return { round, randomness: hexlify(randomness) as Bytes32, value, point: [word(0), word(1), word(2)] }
}

/** What drand signs in place of a message: the round as eight bytes, big endian. */
function messageOf(round: number): Uint8Array {
  const bytes = new Uint8Array(8)
  const digits = toBeArray(round)
  bytes.set(digits, bytes.length - digits.length)
  return bytes
}

function bytesOf(round: number, signature: string): Uint8Array {
  const digits = signature.startsWith('0x') ? signature.slice(2) : signature
  if (!/^[0-9a-fA-F]*$/.test(digits) || digits.length !== 2 * COMPRESSED_BYTES) {
    throw refused(round, `is not ${COMPRESSED_BYTES} bytes in hexadecimal`)
  }
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}

function refused(round: number, why: string, cause?: unknown): Error {
  return beaconError('BEACON_SIGNATURE_INVALID', `the signature of round ${round} ${why}`, {
    details: { round },
    ...(cause !== undefined && { cause }),
  })
}
