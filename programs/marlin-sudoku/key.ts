import { fromWords, toWords, WORD } from '../support/words.js'

/** A point of G1 as x, y; 64 hexadecimal digits each, after `0x`. */
export type PointText = readonly [x: string, y: string]

/** A Marlin verifying key: what the indexer says about a circuit, with the part of the reference string a verifier needs. */
export interface VerifyingKey {
  /** log2 of the sizes of the subgroups: H (constraints and signals), X (public signals), K (non-zero entries of the matrices). */
  readonly logH: number
  readonly logX: number
  readonly logK: number
  /** Highest power of the secret in the reference string. No higher one may exist anywhere, or degree bounds bind nobody. */
  readonly degree: number
  /** Public signals, without the constant one. */
  readonly publics: number
  /** Commitments to the index: row, column, row · column, and the entries of A, B and C. */
  readonly index: Readonly<Record<'row' | 'column' | 'product' | 'a' | 'b' | 'c', PointText>>
  /** [t^(degree - |H| + 2)]1 and [t^(degree - |K| + 2)]1: they bind the degrees of the two sumcheck polynomials. */
  readonly shiftH: PointText
  readonly shiftK: PointText
  /** [t]2 as x imaginary, x real, y imaginary, y real. */
  readonly secretG2: readonly [string, string, string, string]
}

const WORDS = 25

/** The key as 25 words, in the order of its members: what is hashed into every proof. */
export function encodeKey(key: VerifyingKey): Uint8Array {
  const { row, column, product, a, b, c } = key.index
  const points = [row, column, product, a, b, c, key.shiftH, key.shiftK].flat()
  return toWords([key.logH, key.logX, key.logK, key.degree, key.publics, ...points, ...key.secretG2].map(BigInt))
}

/** The key of 25 words. @throws Error if there is another number of them */
export function decodeKey(bytes: Uint8Array): VerifyingKey {
  if (bytes.length !== WORDS * WORD) throw new Error(`a verifying key has ${WORDS} words`)
  const words = fromWords(bytes)
  const text = (at: number): string => `0x${(words[at] ?? 0n).toString(16).padStart(2 * WORD, '0')}`
  const point = (index: number): PointText => [text(5 + 2 * index), text(6 + 2 * index)]
  const [logH = 0, logX = 0, logK = 0, degree = 0, publics = 0] = words.slice(0, 5).map(Number)
  return {
    logH,
    logX,
    logK,
    degree,
    publics,
    index: { row: point(0), column: point(1), product: point(2), a: point(3), b: point(4), c: point(5) },
    shiftH: point(6),
    shiftK: point(7),
    secretG2: [text(21), text(22), text(23), text(24)],
  }
}
