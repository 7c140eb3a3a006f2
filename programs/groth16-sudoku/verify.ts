import { bn254 } from '@noble/curves/bn254.js'

import { fromWords, WORD } from '../support/words.js'

/** A verifying key: numbers as decimal text, G2 coordinates as [real, imaginary] (snarkjs' order). */
export interface VerifyingKey {
  readonly alpha: readonly [string, string]
  readonly beta: G2Text
  readonly gamma: G2Text
  readonly delta: G2Text
  readonly inputs: ReadonlyArray<readonly [string, string]>
}

type G2Text = readonly [readonly [string, string], readonly [string, string]]

const { G1, G2 } = bn254
const { Fp: Fq, Fp2, Fp12, Fr } = bn254.fields

/**
 * Checks a Groth16 proof with nothing but the pairing: e(A, B) = e(alpha, beta) e(inputs, gamma) e(C, delta).
 * @returns undefined if it is valid, else why not
 */
export function whyInvalid(key: VerifyingKey, publicInputs: Uint8Array, proof: Uint8Array): string | undefined {
  if (publicInputs.length !== WORD * (key.inputs.length - 1)) return 'wrong number of public inputs'
  if (proof.length !== 8 * WORD) return 'wrong length of the proof'
  const signals = fromWords(publicInputs)
  // Without this check the same signal would have several encodings, each with its own digest.
  if (signals.some((signal) => signal >= Fr.ORDER)) return 'a public input is not a field element'
  const coordinates = fromWords(proof)
  if (coordinates.some((coordinate) => coordinate >= Fq.ORDER)) return 'a coordinate is not a field element'

  const [ax = 0n, ay = 0n, bx1 = 0n, bx0 = 0n, by1 = 0n, by0 = 0n, cx = 0n, cy = 0n] = coordinates
  try {
    const a = g1(ax, ay)
    const b = g2(bx0, bx1, by0, by1)
    const c = g1(cx, cy)
    const [constant = G1.Point.ZERO, ...points] = key.inputs.map(([x, y]) => g1(BigInt(x), BigInt(y)))
    const inputs = points.reduce((sum, point, index) => sum.add(point.multiplyUnsafe(signals[index] ?? 0n)), constant)
    const pairs = [
      { g1: a.negate(), g2: b },
      { g1: g1(...big(key.alpha)), g2: g2(...big(key.beta.flat())) },
      { g1: inputs, g2: g2(...big(key.gamma.flat())) },
      { g1: c, g2: g2(...big(key.delta.flat())) },
    ]
    // A pairing with the point at infinity is one; the library refuses to compute it. Only `inputs` can be that point here.
    const product = bn254.pairingBatch(pairs.filter((pair) => !pair.g1.is0()))
    return Fp12.eql(product, Fp12.ONE) ? undefined : 'the pairing equation does not hold'
  } catch (error) {
    return error instanceof PointError ? error.message : raise(error)
  }
}

class PointError extends Error {}

function g1(x = 0n, y = 0n) {
  return checked('G1', () => G1.Point.fromAffine({ x, y }))
}

function g2(x0 = 0n, x1 = 0n, y0 = 0n, y1 = 0n) {
  return checked('G2', () => G2.Point.fromAffine({ x: Fp2.fromBigTuple([x0, x1]), y: Fp2.fromBigTuple([y0, y1]) }))
}

/** The point if it lies on its curve and in the subgroup of prime order, and is not the point at infinity. */
function checked<P extends { assertValidity(): void; is0(): boolean }>(group: string, make: () => P): P {
  try {
    const point = make()
    point.assertValidity()
    if (!point.is0()) return point
  } catch (error) {
    throw new PointError(`a point is not in ${group}`, { cause: error })
  }
  throw new PointError(`a point of ${group} is the point at infinity`)
}

function big(values: readonly string[]): bigint[] {
  return values.map(BigInt)
}

function raise(error: unknown): never {
  throw error
}
