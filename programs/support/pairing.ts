import { randomBytes } from 'node:crypto'

import { bn254 } from '@noble/curves/bn254.js'
import { pippenger } from '@noble/curves/abstract/curve.js'

import { fromWords } from './words.js'

const { G1, G2, fields } = bn254
type Point = InstanceType<typeof G1.Point>

/**
 * Whether the points are G, [tau]G, [tau²]G, … of the tau in `g2`: a random combination satisfies
 * e(Σ rᵢPᵢ₊₁, G2) = e(Σ rᵢPᵢ, [tau]G2). Wrong points pass with probability 2^-64.
 * @param points At least two points of BN254's G1, 64 bytes each, x and y, big-endian
 * @param g2 [tau]G2: x imaginary, x real, y imaginary, y real
 */
export function isPowersOf(points: Uint8Array, g2: readonly bigint[]): boolean {
  const words = fromWords(points)
  const powers = Array.from({ length: words.length / 2 }, (_, index) =>
    G1.Point.fromAffine({ x: words[2 * index] ?? 0n, y: words[2 * index + 1] ?? 0n }),
  )
  const [first] = powers
  if (first?.equals(G1.Point.BASE) !== true || !powers.every((point) => isOnCurve(point))) return false
  const random = powers.slice(1).map(() => randomBytes(8).readBigUInt64BE())
  const now = pippenger(G1.Point, powers.slice(0, -1), random)
  const next = pippenger(G1.Point, powers.slice(1), random)
  return isTimesTau(now, next, g2)
}

/** The same from the two sums alone, 64 bytes each; zeros are the point at infinity. @param sums Σ rᵢPᵢ and Σ rᵢPᵢ₊₁ */
export function arePowersBySums(sums: Uint8Array, g2: readonly bigint[]): boolean {
  const [x = 0n, y = 0n, nextX = 0n, nextY = 0n] = fromWords(sums)
  return isTimesTau(G1.Point.fromAffine({ x, y }), G1.Point.fromAffine({ x: nextX, y: nextY }), g2)
}

function isTimesTau(now: Point, next: Point, [x1 = 0n, x0 = 0n, y1 = 0n, y0 = 0n]: readonly bigint[]): boolean {
  if (now.is0() || next.is0()) return false
  const tau = G2.Point.fromAffine({ x: fields.Fp2.fromBigTuple([x0, x1]), y: fields.Fp2.fromBigTuple([y0, y1]) })
  const product = bn254.pairingBatch([
    { g1: next, g2: G2.Point.BASE },
    { g1: now.negate(), g2: tau },
  ])
  return fields.Fp12.eql(product, fields.Fp12.ONE)
}

/** The group G1 is the whole curve, so a point on it needs no further check. */
function isOnCurve(point: Point): boolean {
  const { x, y } = point
  return fields.Fp.create(y * y - x * x * x - 3n) === 0n
}
