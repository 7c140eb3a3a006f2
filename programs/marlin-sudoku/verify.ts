import { bn254 } from '@noble/curves/bn254.js'
import { keccak_256 } from '@noble/hashes/sha3.js'

import { fromWords, toWords, WORD } from '../support/words.js'
import { encodeKey, type PointText, type VerifyingKey } from './key.js'

const { G1, G2 } = bn254
const { Fp: Fq, Fp2, Fp12, Fr } = bn254.fields
type Point = InstanceType<typeof G1.Point>

/** Generator of the subgroup of 2^28 elements: 5 to the odd part of the group order. */
const TWO_ADICITY = 28n
const ROOT = Fr.pow(5n, (Fr.ORDER - 1n) >> TWO_ADICITY)

/** Commitments in the order of the proof; `…Shifted` are the same polynomials times the power that binds their degree. */
const COMMITMENTS = ['w', 'za', 'zb', 's', 't', 'g1', 'g1Shifted', 'h1', 'g2', 'g2Shifted', 'h2'] as const
/** What is opened at beta and at gamma, in the order of the evaluations in the proof. */
const AT_BETA = ['w', 'za', 'zb', 's', 't', 'g1', 'h1'] as const
const AT_GAMMA = ['row', 'column', 'product', 'a', 'b', 'c', 'g2', 'h2'] as const
const EVALUATIONS = AT_BETA.length + AT_GAMMA.length

/** Words of a proof: 11 commitments, 15 evaluations, the openings at beta and gamma. */
export const PROOF_WORDS = 2 * COMMITMENTS.length + EVALUATIONS + 4

/** Whom a proof is for. */
export interface Context {
  /** Workload id, `0x` and 64 digits. */
  readonly workload: string
  /** The prover's address, `0x` and 40 digits. */
  readonly prover: string
}

/** A proof taken apart. */
export interface Proof {
  readonly commitments: Readonly<Record<(typeof COMMITMENTS)[number], Point>>
  readonly beta: Readonly<Record<(typeof AT_BETA)[number], bigint>>
  readonly gamma: Readonly<Record<(typeof AT_GAMMA)[number], bigint>>
  readonly openings: { readonly beta: Point; readonly gamma: Point }
}

/** The verifier's randomness, derived from everything said before it. */
export interface Challenges {
  readonly alpha: bigint
  readonly etaA: bigint
  readonly etaB: bigint
  readonly etaC: bigint
  readonly beta: bigint
  readonly gamma: bigint
  readonly xi: bigint
  readonly rho: bigint
}

/**
 * Checks a Marlin proof. Written from the paper (ePrint 2019/1047: section 5.3, verifier; sections 6 and 8), apart from the prover.
 * @returns undefined if it is valid, else why not
 */
export function whyInvalid(
  key: VerifyingKey,
  context: Context,
  publicInputs: Uint8Array,
  proofBytes: Uint8Array,
): string | undefined {
  if (publicInputs.length !== WORD * key.publics) return 'wrong number of public inputs'
  const inputs = fromWords(publicInputs)
  // Without this check the same signal would have several encodings, each with its own digest.
  if (inputs.some((input) => input >= Fr.ORDER)) return 'a public input is not a field element'
  let proof: Proof
  try {
    proof = parseProof(proofBytes)
  } catch (error) {
    if (error instanceof ProofError) return error.message
    throw error
  }
  const challenges = challengesOf(key, context, publicInputs, proofBytes)
  const { alpha, beta } = challenges
  if (vanishing(alpha, key.logH) === 0n || vanishing(beta, key.logH) === 0n || alpha === beta)
    return 'a challenge lies in H'
  if (!outerSumcheck(key, inputs, proof, challenges)) return 'the sumcheck over H does not hold'
  if (!innerSumcheck(key, proof, challenges)) return 'the sumcheck over K does not hold'
  return opens(key, proof, challenges) ? undefined : 'the commitments do not open to the evaluations'
}

class ProofError extends Error {}

/** Takes a proof apart. @throws Error if its length is wrong, a number is not reduced or a point is not on the curve */
export function parseProof(bytes: Uint8Array): Proof {
  if (bytes.length !== PROOF_WORDS * WORD) throw new ProofError('wrong length of the proof')
  const words = fromWords(bytes)
  const word = (at: number): bigint => words[at] ?? 0n
  const point = (at: number): Point => {
    const [x, y] = [word(at), word(at + 1)]
    if (x >= Fq.ORDER || y >= Fq.ORDER) throw new ProofError('a coordinate is not a field element')
    // (0, 0), which precompiles take for the point at infinity, is not on the curve; an honest proof never contains that point.
    if (Fq.sqr(y) !== Fq.add(Fq.mul(Fq.sqr(x), x), 3n)) throw new ProofError('a point is not on the curve')
    return G1.Point.fromAffine({ x, y })
  }
  const scalars = words.slice(2 * COMMITMENTS.length, 2 * COMMITMENTS.length + EVALUATIONS)
  if (scalars.some((scalar) => scalar >= Fr.ORDER)) throw new ProofError('an evaluation is not a field element')
  const record = <Name extends string, T>(names: readonly Name[], value: (index: number) => T): Record<Name, T> =>
    Object.fromEntries(names.map((name, index) => [name, value(index)])) as Record<Name, T>
  return {
    commitments: record(COMMITMENTS, (index) => point(2 * index)),
    beta: record(AT_BETA, (index) => scalars[index] ?? 0n),
    gamma: record(AT_GAMMA, (index) => scalars[AT_BETA.length + index] ?? 0n),
    openings: { beta: point(PROOF_WORDS - 4), gamma: point(PROOF_WORDS - 2) },
  }
}

/** Section 8: the challenges of a proof. Keccak over the key, whom the proof is for, the statement, and then round by round. */
export function challengesOf(
  key: VerifyingKey,
  { workload, prover }: Context,
  publicInputs: Uint8Array,
  proof: Uint8Array,
): Challenges {
  const tag = keccak_256(new TextEncoder().encode('gevulot marlin bn254 1'))
  const who = toWords([BigInt(workload), BigInt(prover)])
  let state = keccak_256(Buffer.concat([tag, keccak_256(encodeKey(key)), who, publicInputs]))
  let read = 0
  const absorb = (words: number): void => {
    state = keccak_256(Buffer.concat([state, proof.subarray(WORD * read, WORD * (read += words))]))
  }
  const challenge = (): bigint => {
    state = keccak_256(state)
    return (fromWords(state)[0] ?? 0n) % Fr.ORDER
  }
  absorb(8) // w, za, zb, s
  const [alpha, etaA, etaB, etaC] = [challenge(), challenge(), challenge(), challenge()]
  absorb(8) // t, g1, g1Shifted, h1
  const beta = challenge()
  absorb(6) // g2, g2Shifted, h2
  const gamma = challenge()
  absorb(EVALUATIONS)
  const xi = challenge()
  // The two openings are checked as one: had the prover known rho before, one could make up for the other.
  absorb(4)
  return { alpha, etaA, etaB, etaC, beta, gamma, xi, rho: challenge() }
}

/** x^(2^log) - 1, which is zero on the subgroup of that size. */
export function vanishing(x: bigint, log: number): bigint {
  return Fr.sub(Fr.pow(x, 1n << BigInt(log)), Fr.ONE)
}

/** s + r(alpha, X) (etaA za + etaB zb + etaC za zb) - t z = h1 v_H + X g1, at beta. */
function outerSumcheck(key: VerifyingKey, inputs: readonly bigint[], { beta: at }: Proof, c: Challenges): boolean {
  const r = Fr.div(Fr.sub(vanishing(c.alpha, key.logH), vanishing(c.beta, key.logH)), Fr.sub(c.alpha, c.beta))
  const products = sum(Fr.mul(c.etaA, at.za), Fr.mul(c.etaB, at.zb), Fr.mul(c.etaC, Fr.mul(at.za, at.zb)))
  const z = Fr.add(Fr.mul(at.w, vanishing(c.beta, key.logX)), publicPolynomial(key, inputs, c.beta))
  const left = sum(at.s, Fr.mul(r, products), Fr.neg(Fr.mul(at.t, z)))
  return left === Fr.add(Fr.mul(at.h1, vanishing(c.beta, key.logH)), Fr.mul(c.beta, at.g1))
}

/** The polynomial with the values 1, inputs.., 0.. on X, at a point outside X. */
export function publicPolynomial(key: VerifyingKey, inputs: readonly bigint[], point: bigint): bigint {
  const root = Fr.pow(ROOT, 1n << (TWO_ADICITY - BigInt(key.logX)))
  const factor = Fr.div(vanishing(point, key.logX), 1n << BigInt(key.logX))
  return sum(
    ...[1n, ...inputs].map((value, index) => {
      const element = Fr.pow(root, BigInt(index))
      return Fr.mul(value, Fr.mul(factor, Fr.div(element, Fr.sub(point, element))))
    }),
  )
}

/** a - b (X g2 + t(beta) / |K|) = h2 v_K, at gamma; a and b come from the index. */
function innerSumcheck(key: VerifyingKey, { beta: { t }, gamma: at }: Proof, c: Challenges): boolean {
  const values = sum(Fr.mul(c.etaA, at.a), Fr.mul(c.etaB, at.b), Fr.mul(c.etaC, at.c))
  const a = Fr.mul(Fr.mul(vanishing(c.alpha, key.logH), vanishing(c.beta, key.logH)), values)
  const b = sum(Fr.mul(c.alpha, c.beta), Fr.neg(Fr.mul(c.beta, at.row)), Fr.neg(Fr.mul(c.alpha, at.column)), at.product)
  const f = Fr.add(Fr.mul(c.gamma, at.g2), Fr.div(t, 1n << BigInt(key.logK)))
  return Fr.sub(a, Fr.mul(b, f)) === Fr.mul(at.h2, vanishing(c.gamma, key.logK))
}

/**
 * All openings in one pairing equation. At each point, xi combines the commitments C_i minus their evaluations, and last the shifted
 * commitment minus [t^shift]1 times its evaluation (section 6: that is X^shift (g - g(point)), which binds the degree of g). With
 * the opening W that sum is (t - point) W; rho adds the two points up.
 */
function opens(key: VerifyingKey, { commitments, beta, gamma, openings }: Proof, c: Challenges): boolean {
  const index = Object.fromEntries(Object.entries(key.index).map(([name, point]) => [name, pointOf(point)]))
  const side = (
    terms: ReadonlyArray<readonly [Point | undefined, bigint]>,
    shifted: readonly [Point, shift: PointText, evaluation: bigint],
    opening: Point,
    at: bigint,
  ): Point => {
    let [total, power] = [opening.multiplyUnsafe(at), Fr.ONE]
    let evaluation = Fr.ZERO
    for (const [commitment, value] of terms) {
      if (commitment === undefined) throw new Error('the key lacks a commitment')
      total = total.add(commitment.multiplyUnsafe(power))
      evaluation = Fr.add(evaluation, Fr.mul(power, value))
      power = Fr.mul(power, c.xi)
    }
    const [point, shift, value] = shifted
    return total
      .add(point.multiplyUnsafe(power))
      .subtract(pointOf(shift).multiplyUnsafe(Fr.mul(power, value)))
      .subtract(G1.Point.BASE.multiplyUnsafe(evaluation))
  }
  const atBeta = side(
    AT_BETA.map((name) => [commitments[name], beta[name]]),
    [commitments.g1Shifted, key.shiftH, beta.g1],
    openings.beta,
    c.beta,
  )
  const atGamma = side(
    AT_GAMMA.map((name) => [index[name] ?? (commitments as Record<string, Point>)[name], gamma[name]]),
    [commitments.g2Shifted, key.shiftK, gamma.g2],
    openings.gamma,
    c.gamma,
  )
  const [x1, x0, y1, y0] = key.secretG2.map(BigInt) as [bigint, bigint, bigint, bigint]
  const secret = G2.Point.fromAffine({ x: Fp2.fromBigTuple([x0, x1]), y: Fp2.fromBigTuple([y0, y1]) })
  const pairs = [
    { g1: atBeta.add(atGamma.multiplyUnsafe(c.rho)), g2: G2.Point.BASE },
    { g1: openings.beta.add(openings.gamma.multiplyUnsafe(c.rho)).negate(), g2: secret },
  ]
  // A pairing with the point at infinity is one; the library refuses to compute it.
  const product = bn254.pairingBatch(pairs.filter(({ g1 }) => !g1.is0()))
  return Fp12.eql(product, Fp12.ONE)
}

function pointOf([x, y]: PointText): Point {
  return G1.Point.fromAffine({ x: BigInt(x), y: BigInt(y) })
}

function sum(...values: readonly bigint[]): bigint {
  return values.reduce((total, value) => Fr.add(total, value), Fr.ZERO)
}
