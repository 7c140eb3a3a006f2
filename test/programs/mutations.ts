import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { root } from '../../scripts/lib/artifacts.js'
import { FULL } from './support.js'

/** A copy with one bit of one byte changed; which bit depends on the place, so that all eight get their turn. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = copy[at]! ^ (1 << (at % 8))
  return copy
}

/** Shorter and longer than the original: empty, one byte and one word off, twice as long. */
export function wrongLengths(bytes: Uint8Array): Uint8Array[] {
  const word = new Uint8Array(32)
  return [
    new Uint8Array(),
    bytes.slice(0, -1),
    bytes.slice(0, -32),
    Buffer.concat([bytes, word.slice(0, 1)]),
    Buffer.concat([bytes, word]),
    Buffer.concat([bytes, bytes]),
  ]
}

/** Far longer than the original, which stands at its beginning. */
export function oversized(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array(16_384).fill(0xa5)])
}

/** Of the long proofs and keys of bb a usual run takes every seventh byte, which is each place of a word in turn; in full every byte. */
export const HONK_STEP = FULL ? 1 : 7

/** Words of bb's key before its points: the logarithm of the circuit's size, the number of public inputs, where they begin. */
export const HONK_KEY_HEADER = 3

/** The words of the key that a generated contract holds, read from its source. @param source Its path, from the root of the repository */
export async function keyWords(source: string): Promise<bigint[]> {
  const text = await readFile(join(root, source), 'utf8')
  return [...text.matchAll(/0x[0-9a-f]{64}/g)].map(([word]) => BigInt(word))
}

/** The opcode PUSH0; PUSHn, with n bytes behind it, is n more. */
const PUSH0 = 0x5f

/**
 * A contract's code with one byte of its key changed, for every byte of the key in turn: of each word wherever the code pushes it. Bytes
 * before the first that is not zero are not in the code, and words of zeros (the point at infinity) not to be told from others.
 * @param step Every byte, or every so manieth of a word
 * @throws If a word is not in the code
 */
export function* keyMutations(
  code: Uint8Array,
  words: readonly bigint[],
  step = 1,
): Generator<{ name: string; code: Uint8Array }> {
  for (const [index, word] of words.entries()) {
    if (word === 0n) continue
    const hex = word.toString(16)
    const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
    const push = Buffer.concat([Buffer.of(PUSH0 + bytes.length), bytes])
    const places: number[] = []
    for (let at = Buffer.from(code).indexOf(push); at >= 0; at = Buffer.from(code).indexOf(push, at + 1))
      places.push(at + 1)
    if (places.length === 0) throw new Error(`word ${index} of the key is not in the code`)
    for (let byte = index % step; byte < bytes.length; byte += step) {
      const copy = Uint8Array.from(code)
      for (const place of places) copy[place + byte] = flipped(bytes, byte)[byte]!
      yield { name: `word ${index}, byte ${byte}`, code: copy }
    }
  }
}

/** The same for a key that stands in the code in one piece, zeros and all. @throws If it does not */
export function* keyBytesMutations(code: Uint8Array, key: Uint8Array): Generator<{ name: string; code: Uint8Array }> {
  const start = Buffer.from(code).indexOf(key)
  if (start < 0) throw new Error('the key is not in the code')
  for (let at = 0; at < key.length; at++) {
    const copy = Uint8Array.from(code)
    copy[start + at] = flipped(key, at)[at]!
    yield { name: `byte ${at}`, code: copy }
  }
}
