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
