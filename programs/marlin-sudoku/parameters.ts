import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import { pippenger } from '@noble/curves/abstract/curve.js'
import { bn254 } from '@noble/curves/bn254.js'

import { fromWords, toWords } from '../support/words.js'
import { PROVER } from './tool.js'

const { G1, G2 } = bn254
const { Fr, Fp12, Fp2 } = bn254.fields
type Point = InstanceType<typeof G1.Point>

const MAGIC = 'MARLINP1'
const HEADER = MAGIC.length + 3 * 8
const POINT = 64

/** Highest power of the secret in the development string: enough for circuits a hundred times as large. */
export const DEVELOPMENT_DEGREE = 2 ** 20 - 1

/** The part of a universal reference string that a circuit needs, and where it comes from. */
export interface Parameters {
  readonly bytes: Uint8Array
  /** Made from a publicly known secret: anyone can forge proofs. */
  readonly development: boolean
}

/**
 * The secret of the development string. Whoever reads this file can forge proofs; it exists so that a devnet needs no ceremony and every
 * machine makes the same string, byte for byte, in a second.
 */
export const DEVELOPMENT_SECRET = Fr.create(
  BigInt(`0x${createHash('sha512').update('gevulot marlin development secret, anyone can forge').digest('hex')}`),
)

/**
 * The reference string for a circuit: `MARLIN_PARAMETERS` names a file cut from a real ceremony (README.md); without it, the development
 * string.
 * @throws Error if the file's points are not the powers they should be
 */
export async function resolveParameters(
  r1cs: Uint8Array,
  ceremony = process.env['MARLIN_PARAMETERS'],
): Promise<Parameters> {
  if (ceremony === undefined) return { bytes: await developmentParameters(r1cs), development: true }
  const bytes = await readFile(ceremony)
  const why = whyInconsistent(bytes)
  if (why !== undefined) throw new Error(`${ceremony}: ${why}`)
  return { bytes, development: false }
}

/** A reference string from a known secret, with exactly the powers that the circuit needs. */
export async function developmentParameters(
  r1cs: Uint8Array,
  secret = DEVELOPMENT_SECRET,
  degree = DEVELOPMENT_DEGREE,
): Promise<Uint8Array> {
  const { x, y } = G2.Point.BASE.multiply(secret).toAffine()
  const hex = (words: readonly bigint[]): string => Buffer.from(toWords(words)).toString('hex')
  const input = `${hex([secret])}\n${hex([x.c1, x.c0, y.c1, y.c0])}\n`
  const { out } = await PROVER.run(['setup', 'circuit.r1cs', String(degree), 'out'], { 'circuit.r1cs': r1cs }, input)
  return out
}

/**
 * Checks that a file's points are successive powers of the secret in its [t]2, both from [1]1 upwards and in the upper range (a random
 * combination, two pairings each). That the upper range ends at the highest power of the ceremony, no file can show.
 */
export function whyInconsistent(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes)
  if (buffer.toString('latin1', 0, MAGIC.length) !== MAGIC) return 'not a file of Marlin parameters'
  const [low = 0, high = 0] = [buffer.readBigUInt64BE(16), buffer.readBigUInt64BE(24)].map(Number)
  const start = HEADER + 2 * POINT
  if (bytes.length !== start + POINT * (low + high)) return 'wrong length'
  try {
    const [x1 = 0n, x0 = 0n, y1 = 0n, y0 = 0n] = fromWords(buffer.subarray(HEADER, start))
    const secret = G2.Point.fromAffine({ x: Fp2.fromBigTuple([x0, x1]), y: Fp2.fromBigTuple([y0, y1]) })
    secret.assertValidity()
    const points = Array.from({ length: low + high }, (_, index) => {
      const [x = 0n, y = 0n] = fromWords(buffer.subarray(start + POINT * index, start + POINT * (index + 1)))
      const point = G1.Point.fromAffine({ x, y })
      point.assertValidity()
      return point
    })
    if (points[0]?.equals(G1.Point.BASE) !== true) return 'the first point is not the generator'
    const successive = (run: readonly Point[]): boolean => {
      // 128 bits from a hash of the whole file: nobody can choose the points after them.
      const seed = createHash('sha256').update(bytes).digest()
      const factors = run.slice(1).map((_, index) => {
        const digest = createHash('sha256')
          .update(seed)
          .update(toWords([BigInt(index)]))
          .digest()
        return BigInt(`0x${digest.toString('hex', 0, 16)}`) + 1n
      })
      const lower = pippenger(G1.Point, run.slice(0, -1), factors)
      const upper = pippenger(G1.Point, run.slice(1), factors)
      const product = bn254.pairingBatch([
        { g1: upper, g2: G2.Point.BASE },
        { g1: lower.negate(), g2: secret },
      ])
      return Fp12.eql(product, Fp12.ONE)
    }
    if (!successive(points.slice(0, low))) return 'the lower points are not powers of the secret'
    if (!successive(points.slice(low))) return 'the upper points are not powers of the secret'
    return undefined
  } catch (error) {
    return `a point is not in its group: ${String(error)}`
  }
}
