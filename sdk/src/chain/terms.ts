/** Terms of a workload. */
export interface Terms {
  /** Whole fee in token units. */
  readonly fee: bigint
  /** Seconds from the draw until commits close. */
  readonly maxRunTime: number
  /** Number of ranked proofs paid for. */
  readonly redundancy: number
  /** Per cent of the run time after which every uncommitted slot is open to all. */
  readonly rescue: number
  /** Hardware class. */
  readonly class: number
  /** Number of the frozen rules. */
  readonly rules: number
  /** The requester's nonce. */
  readonly nonce: number
  /** The requester's account number in the market. */
  readonly account: number
}

// Mirrors contracts/libraries/Terms.sol: from bit 0, in this order.
const FIELDS = [
  ['fee', 80n],
  ['maxRunTime', 24n],
  ['redundancy', 8n],
  ['rescue', 8n],
  ['class', 8n],
  ['rules', 16n],
  ['nonce', 32n],
  ['account', 32n],
] as const satisfies readonly (readonly [keyof Terms, bigint])[]

/**
 * Packs terms into the word of the spec.
 * @throws RangeError when a field does not fit.
 */
export function packTerms(terms: Terms): bigint {
  let word = 0n
  let at = 0n
  for (const [name, bits] of FIELDS) {
    const value = BigInt(terms[name])
    if (value < 0n || value >> bits !== 0n) throw new RangeError(`${name} ${value} does not fit ${bits} bits`)
    word |= value << at
    at += bits
  }
  return word
}

/** Reads the terms in the word of a spec. */
export function unpackTerms(word: bigint): Terms {
  const number = (at: bigint, bits: bigint): number => Number(BigInt.asUintN(Number(bits), word >> at))
  return {
    fee: BigInt.asUintN(80, word),
    maxRunTime: number(80n, 24n),
    redundancy: number(104n, 8n),
    rescue: number(112n, 8n),
    class: number(120n, 8n),
    rules: number(128n, 16n),
    nonce: number(144n, 32n),
    account: number(176n, 32n),
  }
}
