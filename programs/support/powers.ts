import { bn254 } from '@noble/curves/bn254.js'

import { toWords } from './words.js'

const { Fp: Fq, Fr } = bn254.fields
const P = Fq.ORDER

/** Bits of a scalar that one addition takes care of. */
const WINDOW = 13
const WINDOWS = Math.ceil(254 / WINDOW)
/** Points that share one inversion. */
const BATCH = 1 << 14

/** Affine points, x and y in turn. */
type Points = bigint[]

/**
 * G, [tau]G, [tau²]G, …: `count` points of BN254's G1, 64 bytes each, x and y, big-endian. A table of multiples and shared inversions
 * make a point cost twenty cheap additions: a quarter of a million take some twenty seconds.
 */
export function powersOfTau(tau: bigint, count: number): Uint8Array {
  const table = multiples()
  const chunks: Uint8Array[] = []
  let power = Fr.ONE
  for (let start = 0; start < count; start += BATCH) {
    const scalars: bigint[] = []
    while (scalars.length < Math.min(BATCH, count - start)) {
      scalars.push(power)
      power = Fr.mul(power, tau)
    }
    chunks.push(toWords(combine(table, scalars)))
  }
  return Buffer.concat(chunks)
}

/** For each window its base B = [2^(13 w)]G and the multiples [0]B to [8191]B; the first is not used. */
function multiples(): Points[] {
  const size = 1 << WINDOW
  return Array.from({ length: WINDOWS }, (_, window) => {
    const base = bn254.G1.Point.BASE.multiply(1n << BigInt(WINDOW * window)).toAffine()
    const row: Points = [0n, 0n, base.x, base.y]
    // From the multiples below `known`: the next ones are [known]B plus these, [known]B itself a doubling of [known / 2]B.
    for (let known = 2; known < size; known *= 2) {
      const half = bn254.G1.Point.fromAffine({ x: row[known] ?? 0n, y: row[known + 1] ?? 0n })
      const { x, y } = half.double().toAffine()
      const sums = row.slice(2)
      add(sums, (index) => index, Array.from({ length: known - 1 }, () => [x, y]).flat(), known - 1)
      row.push(x, y, ...sums)
    }
    return row
  })
}

function combine(table: readonly Points[], scalars: readonly bigint[]): Points {
  const sums: Points = new Array<bigint>(2 * scalars.length)
  const started = new Uint8Array(scalars.length)
  const mask = (1n << BigInt(WINDOW)) - 1n
  for (const [window, row] of table.entries()) {
    const targets: number[] = []
    const addends: Points = []
    for (const [index, scalar] of scalars.entries()) {
      const digit = Number((scalar >> BigInt(WINDOW * window)) & mask)
      if (digit === 0) continue
      const [x = 0n, y = 0n] = [row[2 * digit], row[2 * digit + 1]]
      if (started[index] === 1) {
        targets.push(index)
        addends.push(x, y)
      } else {
        started[index] = 1
        sums[2 * index] = x
        sums[2 * index + 1] = y
      }
    }
    add(sums, (index) => targets[index] ?? 0, addends, targets.length)
  }
  return sums
}

/** Adds addend `i` to the point `target(i)`, in place. The two never have the same x, unless the secret was chosen to that end. */
function add(points: Points, target: (index: number) => number, addends: Points, count: number): void {
  const products = new Array<bigint>(count)
  const differences = new Array<bigint>(count)
  let product = 1n
  for (let i = 0; i < count; i++) {
    const difference = (addends[2 * i] ?? 0n) - (points[2 * target(i)] ?? 0n)
    if (difference === 0n) throw new Error('two points with the same x coordinate')
    differences[i] = difference
    products[i] = product
    product = (product * difference) % P
  }
  let inverse = Fq.inv(Fq.create(product))
  for (let i = count - 1; i >= 0; i--) {
    const at = 2 * target(i)
    const [x = 0n, y = 0n] = [points[at], points[at + 1]]
    const slope = ((((addends[2 * i + 1] ?? 0n) - y) * (products[i] ?? 0n)) % P) * inverse % P // prettier-ignore
    inverse = (inverse * (differences[i] ?? 0n)) % P
    const sum = (slope * slope - x - (addends[2 * i] ?? 0n)) % P
    points[at] = sum < 0n ? sum + P : sum
    const height = (slope * (x - sum) - y) % P
    points[at + 1] = height < 0n ? height + P : height
  }
}
