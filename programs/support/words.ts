/** Bytes of one word of the EVM. */
export const WORD = 32

/** Numbers as consecutive 32-byte big-endian words. */
export function toWords(values: readonly bigint[]): Uint8Array {
  return Buffer.from(values.map((value) => value.toString(16).padStart(2 * WORD, '0')).join(''), 'hex')
}

/** Consecutive 32-byte big-endian words as numbers; trailing bytes that fill no word are an error. */
export function fromWords(bytes: Uint8Array): bigint[] {
  if (bytes.length % WORD !== 0) throw new RangeError(`${bytes.length} bytes are not whole words`)
  const hex = Buffer.from(bytes).toString('hex')
  return Array.from({ length: bytes.length / WORD }, (_, index) =>
    BigInt(`0x${hex.slice(2 * WORD * index, 2 * WORD * (index + 1))}`),
  )
}
