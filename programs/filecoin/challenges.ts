import { createHash } from 'node:crypto'

import type { Shape } from './shapes.js'

/** Siblings of one node on the way from a leaf to the root, seven a level. */
export const ARITY = 8

/**
 * The leaf that a challenge of a sector names, as in Filecoin (API 1.0 and 1.1): the first eight bytes of SHA-256(randomness, sector
 * number, index), modulo the number of leaves; numbers in little-endian bytes.
 * @param index Counts through all sectors of the proof.
 */
export function challengedLeaf(
  randomness: Uint8Array,
  sector: bigint,
  index: number,
  { levels }: Pick<Shape, 'levels'>,
): bigint {
  const numbers = Buffer.alloc(16)
  numbers.writeBigUInt64LE(sector)
  numbers.writeBigUInt64LE(BigInt(index), 8)
  const digest = createHash('sha256').update(randomness).update(numbers).digest()
  return digest.readBigUInt64LE() % BigInt(ARITY) ** BigInt(levels)
}
