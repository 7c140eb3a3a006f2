import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { getBytes, hexlify } from 'ethers'
import { toBytes32, type Bytes32, type Hex } from '../chain/hex.js'
import { cryptoError } from '../errors/codes/crypto.js'
import type { DeliveryKey } from './DeliveryKey.js'
import { openSealed, seal } from './sealedBox.js'

/** What a prover seals to the requester: everything that opens its commitment. */
export interface OpenedProof {
  readonly proof: Uint8Array
  /** Salt of the commitment. */
  readonly salt: Bytes32
}

const SALT_BYTES = 32
// The first bytes say what the box holds, so that a later layout cannot be mistaken for this one.
const MAGIC = utf8ToBytes('GVP1')

/**
 * Seals a proof and the salt of its commitment to the requester's delivery key (layout: `GVP1`, salt, proof).
 * Send it only when the commit is deep enough in the chain: whoever opens it holds the proof.
 * @throws GevulotError CRYPTO_KEY_INVALID, CHAIN_HEX_INVALID
 */
export function sealProof(opened: { readonly proof: Uint8Array; readonly salt: Hex }, deliveryKey: Hex): Uint8Array {
  return seal(concatBytes(MAGIC, getBytes(toBytes32(opened.salt, 'salt')), opened.proof), deliveryKey)
}

/**
 * Opens a sealed proof. Whether it opens the commitment on chain is for the caller to check.
 * @throws GevulotError CRYPTO_SEAL_INVALID, CRYPTO_KEY_INVALID
 */
export function openSealedProof(sealed: Uint8Array, key: DeliveryKey): OpenedProof {
  const message = openSealed(sealed, key)
  const start = MAGIC.length + SALT_BYTES
  if (message.length < start || !MAGIC.every((byte, index) => message[index] === byte)) {
    throw cryptoError('CRYPTO_SEAL_INVALID', 'the sealed box holds no proof')
  }
  return { salt: hexlify(message.subarray(MAGIC.length, start)) as Bytes32, proof: message.subarray(start) }
}
