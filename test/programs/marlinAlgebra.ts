import { bn254 } from '@noble/curves/bn254.js'

import type { R1cs } from '../../programs/groth16-sudoku/r1cs.js'
import type { Grid } from '../../programs/support/sudoku.js'

const { Fr } = bn254.fields
type Point = InstanceType<typeof bn254.G1.Point>
const ROOT = Fr.pow(5n, (Fr.ORDER - 1n) >> 28n)

/** The elements of the subgroup of 2^log. */
export function subgroup(log: number): bigint[] {
  const root = Fr.pow(ROOT, 1n << (28n - BigInt(log)))
  const elements = [1n]
  while (elements.length < 2 ** log) elements.push(Fr.mul(elements.at(-1)!, root))
  return elements
}

/** The polynomial with these values on the subgroup of their number, at a point outside: barycentric, no transform involved. */
export function valueAt(values: readonly bigint[], point: bigint): bigint {
  const elements = subgroup(Math.log2(values.length))
  const inverses = Fr.invertBatch(elements.map((element) => Fr.sub(point, element)))
  const total = values.reduce((sum, value, i) => Fr.add(sum, Fr.mul(value, Fr.mul(elements[i]!, inverses[i]!))), 0n)
  const size = BigInt(values.length)
  return Fr.mul(total, Fr.div(Fr.sub(Fr.pow(point, size), 1n), size))
}

/** A non-zero place of the three matrices: row and column in H, and the entries of A, B, C. */
interface Entry {
  readonly row: number
  readonly column: number
  readonly values: [bigint, bigint, bigint]
}

/**
 * The index of a circuit straight from the definitions of the paper's section 5: dense sums instead of transforms, and nothing shared
 * with the prover or the verifiers.
 */
export class DefinedIndex {
  readonly logH: number
  readonly logK: number
  readonly #h: readonly bigint[]
  readonly #entries: Entry[] = []

  constructor(circuit: R1cs) {
    const sizeX = 2 ** Math.ceil(Math.log2(circuit.publics + 1))
    const others = circuit.signals - circuit.publics - 1
    this.logH = Math.ceil(Math.log2(Math.max(circuit.constraints.length, sizeX + others)))
    this.#h = subgroup(this.logH)
    const stride = this.#h.length / sizeX
    const free = [...this.#h.keys()].filter((place) => place % stride !== 0)
    const place = (signal: number): number =>
      signal <= circuit.publics ? signal * stride : free[signal - circuit.publics - 1]!
    circuit.constraints.forEach((matrices, row) => {
      const columns = new Map<number, Entry>()
      matrices.forEach((terms, matrix) => {
        for (const [signal, coefficient] of terms) {
          const column = place(signal)
          const entry = columns.get(column) ?? { row, column, values: [0n, 0n, 0n] }
          entry.values[matrix] = Fr.add(entry.values[matrix]!, coefficient)
          columns.set(column, entry)
        }
      })
      this.#entries.push(...[...columns.values()].sort((a, b) => a.column - b.column))
    })
    this.logK = Math.ceil(Math.log2(this.#entries.length))
  }

  /** The index polynomials at a point, in the order of the key: row, column, row · column, a, b, c. */
  polynomialsAt(point: bigint): bigint[] {
    const padding: Entry = { row: 0, column: 0, values: [0n, 0n, 0n] }
    const entries = Array.from({ length: 2 ** this.logK }, (_, i) => this.#entries[i] ?? padding)
    const row = entries.map((entry) => this.#h[entry.row]!)
    const column = entries.map((entry) => this.#h[entry.column]!)
    const weights = column.map((c) => Fr.div(c, BigInt(this.#h.length)))
    const matrix = (m: 0 | 1 | 2): bigint[] => entries.map(({ values }, i) => Fr.mul(values[m], weights[i]!))
    const product = row.map((r, i) => Fr.mul(r, column[i]!))
    return [row, column, product, matrix(0), matrix(1), matrix(2)].map((values) => valueAt(values, point))
  }

  /** t(X) = Σ over the entries of (etaA a + etaB b + etaC c) v_H(alpha) / (alpha - row) L_column(X). */
  tAt(point: bigint, alpha: bigint, etas: readonly [bigint, bigint, bigint]): bigint {
    const size = BigInt(this.#h.length)
    const vanishing = (x: bigint): bigint => Fr.sub(Fr.pow(x, size), 1n)
    const terms = this.#entries.map(({ row, column, values }) => {
      const value = values.reduce((sum, entry, m) => Fr.add(sum, Fr.mul(entry, etas[m]!)), 0n)
      const lagrange = Fr.div(this.#h[column]!, Fr.mul(size, Fr.sub(point, this.#h[column]!)))
      return Fr.mul(Fr.div(value, Fr.sub(alpha, this.#h[row]!)), lagrange)
    })
    const sum = terms.reduce((total, term) => Fr.add(total, term), 0n)
    return Fr.mul(Fr.mul(vanishing(alpha), vanishing(point)), sum)
  }
}

/** The value of every signal of `circuit/sudoku.circom`, in the order of their declaration. */
export function sudokuWitness(packed: readonly bigint[], clues: Grid, solution: Grid): bigint[] {
  const products = solution.flatMap((number) => {
    const factors = Array.from({ length: 8 }, (_, k) => Fr.sub(BigInt(number), BigInt(k + 1)))
    return factors.slice(1).map((_, k) => factors.slice(0, k + 2).reduce((a, b) => Fr.mul(a, b)))
  })
  const share = (a: number, b: number): boolean => {
    const box = (cell: number): number => 3 * Math.floor(cell / 27) + Math.floor((cell % 9) / 3)
    return Math.floor(a / 9) === Math.floor(b / 9) || a % 9 === b % 9 || box(a) === box(b)
  }
  const inverses = solution.flatMap((number, b) =>
    solution.slice(0, b).flatMap((other, a) => (share(a, b) ? [Fr.inv(Fr.create(BigInt(number - other)) || 1n)] : [])),
  )
  return [1n, ...packed, ...clues.map(BigInt), ...solution.map(BigInt), ...products, ...inverses]
}

/** The constraints that a witness violates. */
export function violated(circuit: R1cs, witness: readonly bigint[]): number[] {
  const inner = (row: R1cs['constraints'][number][number]): bigint =>
    row.reduce((sum, [signal, coefficient]) => Fr.add(sum, Fr.mul(coefficient, witness[signal]!)), 0n)
  return circuit.constraints.flatMap(([a, b, c], i) => (Fr.mul(inner(a), inner(b)) === inner(c) ? [] : [i]))
}

/** A `.wtns` file (version 2 of iden3's binary format). */
export function witnessFile(values: readonly bigint[], prime = Fr.ORDER): Uint8Array {
  const number = (value: bigint | number, bytes: number): Buffer =>
    Buffer.from(BigInt(value).toString(16).padStart(2 * bytes, '0'), 'hex').reverse() // prettier-ignore
  const header = Buffer.concat([number(32, 4), number(prime, 32), number(values.length, 4)])
  const body = Buffer.concat(values.map((value) => number(value, 32)))
  return Buffer.concat([
    Buffer.from('wtns'), number(2, 4), number(2, 4),
    number(1, 4), number(header.length, 8), header,
    number(2, 4), number(body.length, 8), body,
  ]) // prettier-ignore
}

/** A multiple of a point, zero included. */
export function times(point: Point, factor: bigint): Point {
  return point.multiplyUnsafe(factor)
}

/** A point as the key file writes it. */
export function textOf(point: Point): [string, string] {
  const { x, y } = point.toAffine()
  return [x, y].map((value) => `0x${value.toString(16).padStart(64, '0')}`) as [string, string]
}
