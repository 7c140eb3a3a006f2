import { concat, getBytes, hexlify, sha256, toUtf8Bytes } from 'ethers'
import { contentError } from '../errors/codes/content.js'

/** The sha-256 of some content: `0x` and 64 lower-case hexadecimal digits (32 bytes). */
export type Digest = `0x${string}`

const DIGEST = /^0x[0-9a-f]{64}$/
// CIDv1: version 1, codec raw (0x55), multihash sha2-256 (0x12) of 32 (0x20) bytes.
const CID_PREFIX = Uint8Array.of(0x01, 0x55, 0x12, 0x20)
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** Whether `value` is a digest in its one canonical form. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && DIGEST.test(value)
}

/**
 * Reads a digest from text: `0x…` hexadecimal (any case) or a CIDv1 of raw sha-256 content.
 * @throws GevulotError CONTENT_DIGEST_INVALID
 */
export function parseDigest(text: string): Digest {
  const lower = text.toLowerCase()
  if (isDigest(lower)) return lower
  if (lower.startsWith('b')) return digestOfCid(lower)
  throw contentError('CONTENT_DIGEST_INVALID', `not a digest: ${JSON.stringify(text.slice(0, 80))}`)
}

/** The digest of bytes held in memory. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return sha256(typeof bytes === 'string' ? toUtf8Bytes(bytes) : bytes) as Digest
}

/** The 64 hexadecimal digits without `0x`: the form used in manifests, file names and URLs. */
export function hexOf(digest: Digest): string {
  return digest.slice(2)
}

/** The digest of 64 hexadecimal digits; the caller has checked them. */
export function digestFromHex(hex: string): Digest {
  return parseDigest(`0x${hex}`)
}

/** The text form of a digest: CIDv1, raw codec, base32 (`bafkrei…`). Source: design section 7. */
export function cidOf(digest: Digest): string {
  const bytes = getBytes(concat([CID_PREFIX, digest]))
  let text = 'b'
  let bits = 0
  let buffer = 0
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32.charAt((buffer >>> (bits - 5)) & 31)
    buffer &= (1 << bits) - 1
  }
  if (bits > 0) text += BASE32.charAt((buffer << (5 - bits)) & 31)
  return text
}

function digestOfCid(cid: string): Digest {
  const bytes: number[] = []
  let bits = 0
  let buffer = 0
  for (const letter of cid.slice(1, 80)) {
    const value = BASE32.indexOf(letter)
    if (value < 0) break
    buffer = (buffer << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((buffer >>> bits) & 0xff)
      buffer &= (1 << bits) - 1
    }
  }
  const digest = hexlify(Uint8Array.from(bytes.slice(CID_PREFIX.length))) as Digest
  // Comparing the text again refuses every other version, codec, hash, length and padding at once.
  if (!isDigest(digest) || cidOf(digest) !== cid) {
    throw contentError(
      'CONTENT_DIGEST_INVALID',
      `not a CIDv1 of raw sha-256 content: ${JSON.stringify(cid.slice(0, 80))}`,
    )
  }
  return digest
}
