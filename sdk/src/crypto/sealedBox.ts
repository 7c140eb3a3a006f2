import { hsalsa, xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { concatBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Hex } from '../chain/hex.js'
import { cryptoError } from '../errors/codes/crypto.js'
import { publicKeyBytes, type DeliveryKey } from './DeliveryKey.js'

/** Bytes that sealing adds: the ephemeral public key and the authentication tag. */
export const SEAL_BYTES = 48

const KEY_BYTES = 32
const NONCE_BYTES = 24
const SIGMA = 'expand 32-byte k'

/**
 * Seals bytes to a public key; nobody can tell who did. Compatible with libsodium's `crypto_box_seal`: X25519 with an
 * ephemeral key, nonce = BLAKE2b(ephemeral key, recipient), XSalsa20-Poly1305.
 * @throws GevulotError CRYPTO_KEY_INVALID
 */
export function seal(message: Uint8Array, publicKey: Hex): Uint8Array {
  const recipient = publicKeyBytes(publicKey)
  const secret = randomBytes(KEY_BYTES)
  const ephemeral = x25519.getPublicKey(secret)
  const key = sharedKey(secret, recipient)
  return concatBytes(ephemeral, xsalsa20poly1305(key, nonceOf(ephemeral, recipient)).encrypt(message))
}

/**
 * Opens what {@link seal} or `crypto_box_seal` sealed to a key.
 * @throws GevulotError CRYPTO_SEAL_INVALID, CRYPTO_KEY_INVALID
 */
export function openSealed(sealed: Uint8Array, key: DeliveryKey): Uint8Array {
  if (sealed.length < SEAL_BYTES) {
    throw cryptoError('CRYPTO_SEAL_INVALID', `a sealed box has at least ${SEAL_BYTES} bytes, not ${sealed.length}`)
  }
  const ephemeral = sealed.subarray(0, KEY_BYTES)
  const recipient = publicKeyBytes(key.publicKey)
  try {
    const shared = sharedKey(key.secret, ephemeral)
    return xsalsa20poly1305(shared, nonceOf(ephemeral, recipient)).decrypt(sealed.subarray(KEY_BYTES))
  } catch (cause) {
    throw cryptoError('CRYPTO_SEAL_INVALID', 'the sealed box does not open with this key', { cause })
  }
}

/** NaCl's `crypto_box_beforenm`: HSalsa20 of the X25519 secret. Throws on keys of low order. */
function sharedKey(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  let shared: Uint8Array
  try {
    shared = x25519.getSharedSecret(secret, publicKey)
  } catch (cause) {
    throw cryptoError('CRYPTO_KEY_INVALID', 'the public key is not a usable X25519 key', { cause })
  }
  const out = new Uint32Array(8)
  hsalsa(words(utf8ToBytes(SIGMA)), words(shared), new Uint32Array(4), out)
  const key = new Uint8Array(KEY_BYTES)
  const view = new DataView(key.buffer)
  out.forEach((word, index) => view.setUint32(index * 4, word, true))
  return key
}

function nonceOf(ephemeral: Uint8Array, recipient: Uint8Array): Uint8Array {
  return blake2b(concatBytes(ephemeral, recipient), { dkLen: NONCE_BYTES })
}

function words(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4, true))
}
