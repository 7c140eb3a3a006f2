import { createHash } from 'node:crypto'

import { bn254 } from '@noble/curves/bn254.js'
import type { WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js'

import { readR1cs } from './r1cs.js'

const { Fp: Fq, Fr } = bn254.fields
type Fq2 = (typeof bn254.fields.Fp2)['ZERO']
type G1 = WeierstrassPoint<bigint>
type G2 = WeierstrassPoint<Fq2>

const MONTGOMERY = 1n << 256n
const GENERATOR_OF_ROOTS = 5n

/**
 * A Groth16 proving key (snarkjs' `.zkey`) from publicly known secrets: whoever reads this file can forge proofs. It exists so that a
 * devnet needs no ceremony and every machine makes the same key in about a second, byte for byte. The usual way (powers of tau, then
 * a contribution) would cost minutes and be no safer, since its randomness would have to be public too to be reproducible.
 * @param name What the secrets are derived from; another name makes another key.
 */
export function developmentKey(
  r1csFile: Uint8Array,
  name = 'gevulot groth16-sudoku development key, anyone can forge',
): Uint8Array {
  const r1cs = readR1cs(r1csFile)
  if (r1cs.prime !== Fr.ORDER) throw new Error('the circuit is not over the scalar field of BN254')
  const secret = (use: string): bigint =>
    Fr.create(BigInt(`0x${createHash('sha512').update(`${name}: ${use}`).digest('hex')}`))
  const [tau, alpha, beta, gamma, delta] = [
    secret('tau'),
    secret('alpha'),
    secret('beta'),
    secret('gamma'),
    secret('delta'),
  ]

  // snarkjs adds one row "public signal times zero" for the constant one and each public signal, so that none of them is malleable.
  const rows = r1cs.constraints.length + r1cs.publics + 1
  const power = Math.ceil(Math.log2(rows))
  const lagrange = lagrangeAt(tau, power)
  const at = (index: number): bigint => lagrange[index] ?? Fr.ZERO

  const a = new Array<bigint>(r1cs.signals).fill(0n)
  const b = [...a]
  const c = [...a]
  const coefficients: Array<readonly [matrix: number, row: number, signal: number, value: bigint]> = []
  const add = (into: bigint[], signal: number, value: bigint): void => {
    into[signal] = Fr.add(into[signal] ?? 0n, value)
  }
  r1cs.constraints.forEach(([rowA, rowB, rowC], row) => {
    for (const [signal, value] of rowA) {
      add(a, signal, Fr.mul(value, at(row)))
      coefficients.push([0, row, signal, value])
    }
    for (const [signal, value] of rowB) {
      add(b, signal, Fr.mul(value, at(row)))
      coefficients.push([1, row, signal, value])
    }
    for (const [signal, value] of rowC) add(c, signal, Fr.mul(value, at(row)))
  })
  for (let signal = 0; signal <= r1cs.publics; signal++) {
    const row = r1cs.constraints.length + signal
    add(a, signal, at(row))
    coefficients.push([0, row, signal, 1n])
  }

  const combined = a.map((value, signal) =>
    Fr.add(Fr.add(Fr.mul(beta, value), Fr.mul(alpha, b[signal] ?? 0n)), c[signal] ?? 0n),
  )
  const [overGamma, overDelta] = [Fr.inv(gamma), Fr.inv(delta)]
  // The prover multiplies these with A·B - C at the odd points of the doubled domain, where the quotient's denominator is constant.
  const quotient = lagrangeAt(tau, power + 1).filter((_, index) => index % 2 === 1)

  const scaled = (values: readonly bigint[], factor: bigint): Buffer => g1(values.map((value) => Fr.mul(value, factor)))
  const header = Buffer.concat([
    u32(32), integer(Fq.ORDER), u32(32), integer(Fr.ORDER), u32(r1cs.signals), u32(r1cs.publics), u32(2 ** power),
    g1([alpha]), g1([beta]), g2([beta]), g2([gamma]), g1([delta]), g2([delta]),
  ]) // prettier-ignore
  const sections = [
    u32(1), // Groth16
    header,
    scaled(combined.slice(0, r1cs.publics + 1), overGamma),
    Buffer.concat([
      u32(coefficients.length),
      ...coefficients.map(([matrix, row, signal, value]) =>
        // Doubly in Montgomery form: snarkjs' prover saves itself one conversion.
        Buffer.concat([u32(matrix), u32(row), u32(signal), integer(Fr.create(value * MONTGOMERY * MONTGOMERY))]),
      ),
    ]),
    g1(a),
    g1(b),
    g2(b),
    scaled(combined.slice(r1cs.publics + 1), overDelta),
    scaled(quotient, overDelta),
    Buffer.concat([createHash('sha512').update(r1csFile).digest(), u32(0)]), // circuit hash, no contributions
  ]
  return Buffer.concat([
    Buffer.from('zkey'), u32(1), u32(sections.length),
    ...sections.flatMap((body, index) => [u32(index + 1), u64(body.length), body]),
  ]) // prettier-ignore
}

/** Every Lagrange polynomial of the domain of size 2^power, at `point`. */
function lagrangeAt(point: bigint, power: number): bigint[] {
  const size = 2 ** power
  const root = Fr.pow(GENERATOR_OF_ROOTS, (Fr.ORDER - 1n) / BigInt(size))
  const roots = [Fr.ONE]
  while (roots.length < size) roots.push(Fr.mul(roots.at(-1) ?? 0n, root))
  const numerator = Fr.div(Fr.sub(Fr.pow(point, BigInt(size)), Fr.ONE), BigInt(size))
  const inverses = Fr.invertBatch(roots.map((omega) => Fr.sub(point, omega)))
  return roots.map((omega, index) => Fr.mul(Fr.mul(numerator, omega), inverses[index] ?? 0n))
}

function g1(scalars: readonly bigint[]): Buffer {
  const points = affine<G1>(bn254.G1.Point.BASE, scalars)
  return Buffer.concat(points.flatMap(({ x, y }) => [montgomery(x), montgomery(y)]))
}

function g2(scalars: readonly bigint[]): Buffer {
  const points = affine<G2>(bn254.G2.Point.BASE, scalars)
  return Buffer.concat(points.flatMap(({ x, y }) => [x.c0, x.c1, y.c0, y.c1].map(montgomery)))
}

/** Multiples of a base point; the point at infinity is (0, 0), as snarkjs writes it. */
function affine<P extends G1 | G2>(base: P, scalars: readonly bigint[]) {
  return scalars.map((scalar) => base.multiplyUnsafe(scalar).toAffine()) as Array<ReturnType<P['toAffine']>>
}

function montgomery(value: bigint): Buffer {
  return integer(Fq.create(value * MONTGOMERY))
}

function integer(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
