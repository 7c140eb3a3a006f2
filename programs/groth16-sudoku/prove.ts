import { groth16, wtns, type Groth16Proof, type MemoryFile } from 'snarkjs'

import { toWords } from '../support/words.js'
import { useOneThread } from './curve.js'
import type { Grid } from '../support/sudoku.js'

/** What the prover reads from its package. */
export interface ProvingKey {
  readonly witnessGenerator: Uint8Array
  readonly key: Uint8Array
}

/** Proves that `solution` solves the grid `clues`; 256 bytes, ready for the contract. */
export async function prove(
  clues: Grid,
  solution: Grid,
  packed: readonly bigint[],
  { witnessGenerator, key }: ProvingKey,
): Promise<Uint8Array> {
  await useOneThread()
  const rows = <T>(cells: readonly T[]): T[][] =>
    Array.from({ length: 9 }, (_, row) => cells.slice(9 * row, 9 * row + 9))
  const signals = {
    packed: packed.map(String),
    clue: rows(clues),
    digit: rows(solution.map((number) => Array.from({ length: 9 }, (_, k) => (number === k + 1 ? 1 : 0)))),
  }
  const witness: MemoryFile = { type: 'mem' }
  await wtns.calculate(signals, witnessGenerator, witness)
  const { proof } = await groth16.prove(key, witness, undefined, { singleThread: true })
  return encodeProof(proof)
}

/** The points A, B, C as the pairing precompile wants them: the imaginary part of a G2 coordinate comes first. */
function encodeProof({ pi_a: a, pi_b: b, pi_c: c }: Groth16Proof): Uint8Array {
  return toWords([a[0], a[1], b[0][1], b[0][0], b[1][1], b[1][0], c[0], c[1]].map(BigInt))
}
