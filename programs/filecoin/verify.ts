import { createHash } from 'node:crypto'

import { pippenger } from '@noble/curves/abstract/curve.js'
import { bls12_381 } from '@noble/curves/bls12-381.js'

import { fromWords, WORD } from '../support/words.js'
import { challengedLeaf } from './challenges.js'
import { COORDINATE, G1_SIZE, G2_SIZE, type VerifyingKey } from './key.js'
import type { Shape } from './shapes.js'

const { G1, G2 } = bls12_381
const { Fp, Fp2, Fp12, Fr } = bls12_381.fields

/** Whom a proof is for. */
export interface Context {
  /** Workload id, `0x` and 64 digits. */
  readonly workload: string
  /** The prover's address, `0x` and 40 digits. */
  readonly prover: string
}

/**
 * Checks a proof with nothing but the pairing: e(A, B) = e(alpha, beta) e(inputs, gamma) e(C, delta). The challenges are computed here.
 * @returns undefined if it is valid, else why not
 */
export function whyInvalid(
  shape: Shape,
  key: VerifyingKey,
  context: Context,
  publicInputs: Uint8Array,
  proof: Uint8Array,
): string | undefined {
  if (publicInputs.length !== WORD * (1 + 2 * shape.sectors)) return 'wrong number of public inputs'
  if (proof.length !== 2 * G1_SIZE + G2_SIZE) return 'wrong length of the proof'
  const signals = publicSignals(shape, context, publicInputs)
  if (typeof signals === 'string') return signals
  try {
    const a = g1(proof.subarray(0, G1_SIZE))
    const b = g2(proof.subarray(G1_SIZE, G1_SIZE + G2_SIZE))
    const c = g1(proof.subarray(G1_SIZE + G2_SIZE))
    const [constant = G1.Point.ZERO, ...points] = key.inputs.map((point) => g1(bytes(point)))
    const inputs = pippenger(G1.Point, points, signals).add(constant)
    const pairs = [
      { g1: a.negate(), g2: b },
      { g1: g1(bytes(key.alpha)), g2: g2(bytes(key.beta)) },
      { g1: inputs, g2: g2(bytes(key.gamma)) },
      { g1: c, g2: g2(bytes(key.delta)) },
    ]
    // A pairing with the point at infinity is one; the library refuses to compute it. Only `inputs` can be that point here.
    const product = bls12_381.pairingBatch(pairs.filter((pair) => !pair.g1.is0()))
    return Fp12.eql(product, Fp12.ONE) ? undefined : 'the pairing equation does not hold'
  } catch (error) {
    if (error instanceof PointError) return error.message
    throw error
  }
}

/** The public signals of the circuit: the context, then for every sector comm_r and its challenges. */
function publicSignals(shape: Shape, { workload, prover }: Context, publicInputs: Uint8Array): bigint[] | string {
  const randomness = publicInputs.subarray(0, WORD)
  const digest = createHash('sha256')
    .update('gevulot filecoin post 1')
    .update(Buffer.from(workload.slice(2), 'hex'))
    .update(Buffer.from(prover.slice(2), 'hex'))
    .digest('hex')
  const signals = [BigInt(`0x${digest}`) >> 3n]
  const words = fromWords(publicInputs.subarray(WORD))
  for (let index = 0; index < shape.sectors; index++) {
    const [sector = 0n, commR = 0n] = words.slice(2 * index)
    if (sector >= 1n << 64n) return 'the number of a sector is too large'
    if (commR >= Fr.ORDER) return 'comm_r is not a field element'
    const first = index * shape.challenges
    signals.push(
      commR,
      ...Array.from({ length: shape.challenges }, (_, n) => challengedLeaf(randomness, sector, first + n, shape)),
    )
  }
  return signals
}

class PointError extends Error {}

function g1(point: Uint8Array) {
  const [x = 0n, y = 0n] = coordinates(point)
  return checked('G1', () => G1.Point.fromAffine({ x, y }))
}

function g2(point: Uint8Array) {
  const [x0 = 0n, x1 = 0n, y0 = 0n, y1 = 0n] = coordinates(point)
  return checked('G2', () => G2.Point.fromAffine({ x: Fp2.fromBigTuple([x0, x1]), y: Fp2.fromBigTuple([y0, y1]) }))
}

function coordinates(point: Uint8Array): bigint[] {
  return Array.from({ length: point.length / COORDINATE }, (_, index) => {
    const at = COORDINATE * index
    const number = BigInt(`0x${Buffer.from(point.subarray(at, at + COORDINATE)).toString('hex')}`)
    if (number >= Fp.ORDER) throw new PointError('a coordinate is not a field element')
    return number
  })
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

function bytes(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}
