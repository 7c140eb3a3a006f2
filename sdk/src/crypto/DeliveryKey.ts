import { x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { randomBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { getBytes, hexlify } from 'ethers'
import type { Bytes32, Hex } from '../chain/hex.js'
import { cryptoError } from '../errors/codes/crypto.js'

/** An X25519 key pair. Proofs are sealed to the public half, which goes into the workload. Design section 3. */
export interface DeliveryKey {
  /** Keep it: without it sealed proofs cannot be opened before they are revealed. */
  readonly secret: Uint8Array
  readonly publicKey: Bytes32
}

const INFO = 'gevulot/delivery-key@1/'

/** A fresh random key. */
export function generateDeliveryKey(): DeliveryKey {
  return deliveryKeyOf(randomBytes(32))
}

/**
 * A key derived from a secret that is kept anyway, so that nothing else must be stored. HKDF-SHA-256.
 * @param secret At least 32 random bytes, never a password.
 * @param context Tells keys of one secret apart, for example the chain and the requester.
 * @throws GevulotError CRYPTO_KEY_INVALID
 */
export function deriveDeliveryKey(secret: Uint8Array, context: string): DeliveryKey {
  if (secret.length < 32)
    throw cryptoError('CRYPTO_KEY_INVALID', `the secret has ${secret.length} bytes, at least 32 are needed`)
  return deliveryKeyOf(hkdf(sha256, secret, new Uint8Array(), utf8ToBytes(INFO + context), 32))
}

/**
 * The key pair of a stored secret.
 * @throws GevulotError CRYPTO_KEY_INVALID
 */
export function deliveryKeyOf(secret: Uint8Array): DeliveryKey {
  if (secret.length !== 32) throw cryptoError('CRYPTO_KEY_INVALID', `a secret key has 32 bytes, not ${secret.length}`)
  return { secret, publicKey: hexlify(x25519.getPublicKey(secret)) as Bytes32 }
}

/** The bytes of a public key. */
export function publicKeyBytes(publicKey: Hex): Uint8Array {
  if (!/^0x[0-9a-fA-F]{64}$/.test(publicKey))
    throw cryptoError('CRYPTO_KEY_INVALID', 'a public key has 64 hexadecimal digits')
  return getBytes(publicKey)
}
