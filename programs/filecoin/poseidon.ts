import { bls12_381 } from '@noble/curves/bls12-381.js'

const { Fr } = bls12_381.fields

const FULL_ROUNDS = 8
const PARTIAL_ROUNDS = new Map([
  [2, 55],
  [4, 56],
  [8, 57],
])

interface Constants {
  readonly width: number
  readonly partialRounds: number
  readonly roundConstants: readonly bigint[]
  readonly matrix: ReadonlyArray<readonly bigint[]>
}

const known = new Map<number, Constants>()

/**
 * Poseidon with Filecoin's parameters, for 2, 4 or 8 elements: x^5, the constants of the Poseidon reference for BLS12-381, the domain
 * tag 2^arity - 1 first in the state, its second element as digest.
 */
export function poseidon(preimage: readonly bigint[]): bigint {
  const { width, partialRounds, roundConstants, matrix } = constantsOf(preimage.length)
  const fifth = (x: bigint): bigint => Fr.mul(Fr.sqr(Fr.sqr(x)), x)
  let state = [2n ** BigInt(preimage.length) - 1n, ...preimage]
  for (let round = 0; round < FULL_ROUNDS + partialRounds; round++) {
    const full = round < FULL_ROUNDS / 2 || round >= FULL_ROUNDS / 2 + partialRounds
    const mixed = state
      .map((element, i) => Fr.add(element, roundConstants[round * width + i] ?? 0n))
      .map((element, i) => (full || i === 0 ? fifth(element) : element))
    state = mixed.map((_, j) =>
      Fr.create(mixed.reduce((sum, element, i) => sum + element * (matrix[i]?.[j] ?? 0n), 0n)),
    )
  }
  return state[1] ?? 0n
}

function constantsOf(arity: number): Constants {
  const cached = known.get(arity)
  if (cached !== undefined) return cached
  const partialRounds = PARTIAL_ROUNDS.get(arity)
  if (partialRounds === undefined) throw new RangeError(`no Poseidon of ${arity} elements`)
  const width = arity + 1
  const next = grain(width, partialRounds)
  const made = {
    width,
    partialRounds,
    roundConstants: Array.from({ length: (FULL_ROUNDS + partialRounds) * width }, next),
    matrix: Array.from({ length: width }, (_, i) =>
      Array.from({ length: width }, (_, j) => Fr.inv(BigInt(i + width + j))),
    ),
  }
  known.set(arity, made)
  return made
}

/** The self-shrinking shift register that the reference takes its constants from: field elements, one after the other. */
function grain(width: number, partialRounds: number): () => bigint {
  const bits = [
    ...[2, 1, 4, 1, 12, 255, 12, width, 10, FULL_ROUNDS, 10, partialRounds, 30, 2 ** 30 - 1].flatMap((value, i, all) =>
      i % 2 === 0
        ? []
        : value
            .toString(2)
            .padStart(all[i - 1] ?? 0, '0')
            .split('')
            .map(Number),
    ),
  ]
  const step = (): number => {
    const bit = [62, 51, 38, 23, 13, 0].reduce((sum, at) => sum ^ (bits[at] ?? 0), 0)
    bits.shift()
    bits.push(bit)
    return bit
  }
  for (let i = 0; i < 160; i++) step()
  const kept = (): number => {
    for (;;) {
      const keep = step()
      const bit = step()
      if (keep === 1) return bit
    }
  }
  return () => {
    for (;;) {
      let value = 0n
      for (let i = 0; i < 255; i++) value = (value << 1n) | BigInt(kept())
      if (value < Fr.ORDER) return value
    }
  }
}
