import { decodeKey } from '../../programs/marlin-sudoku/key.js'
import { whyInvalid } from '../../programs/marlin-sudoku/verify.js'
import { CONTEXT } from './support.js'

/** First words of the points of a proof, with their names. */
export const POINTS: ReadonlyArray<readonly [string, number]> = [
  ...['w', 'za', 'zb', 's', 't', 'g1', 'g1 shifted', 'h1', 'g2', 'g2 shifted', 'h2'].map((n, i) => [n, 2 * i] as const),
  ['opening at beta', 37],
  ['opening at gamma', 39],
]
/** First word of the evaluations, and the word behind the last. */
export const EVALUATIONS: readonly [number, number] = [22, 37]

/** Why the verifier program refuses a proof under a key: a key that cannot be read is a reason too. */
export function refusal(key: Uint8Array, publicInputs: Uint8Array, proof: Uint8Array): string | undefined {
  try {
    return whyInvalid(decodeKey(key), CONTEXT, publicInputs, proof)
  } catch (error) {
    return String(error)
  }
}
