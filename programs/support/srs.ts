import { createHash } from 'node:crypto'
import { mkdir, open, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

import { bn254 } from '@noble/curves/bn254.js'

import { areManyPowersOf, expandMany, manyPowersOfTau } from './manyPowers.js'
import { isPowersOf } from './pairing.js'
import { REPOSITORY } from './pinned.js'
import { powersOfTau } from './powers.js'
import { toWords, WORD } from './words.js'

/** Where the structured reference string comes from: Aztec's public Ignition ceremony, or a publicly known secret. */
export type SrsVariant = 'ignition' | 'development'

/** The first powers [tau^i]G1 of an SRS, in the layout of bb's `bn254_g1.dat`: 64 bytes a point, x and y, big-endian. */
export interface Srs {
  readonly variant: SrsVariant
  readonly points: Uint8Array
  /** Where it was found, for people. */
  readonly source: string
}

/** Where to look for an SRS. */
export interface SrsOptions {
  /** Accept only this one; without it the ceremony's is preferred and the development SRS the last resort. */
  readonly variant?: SrsVariant
  /** Directory that is looked at first; default `CRS_PATH`, `null` for none. */
  readonly directory?: string | null
  /** How to download; `null` stays offline. */
  readonly download?: typeof fetch | null
  /** How many points the circuit needs; default 1,025, enough for 1,024 gates. */
  readonly points?: number
}

const FEW = 1025
/** The size from which the development SRS takes long enough to be kept (in `.gevulot/srs`). */
const MANY = 1 << 14
/** The size from which a tool in C++ makes and checks the points: here it would take minutes and gigabytes. */
const VERY_MANY = 1 << 20
const TIMEOUT_MS = 5_000
/** The slowest download of many points that is worth waiting for: 160 KB a second. */
const POINTS_PER_MS = 5
const VARIANTS = ['ignition', 'development'] as const
/** sha-256 of the first 1,025 points. The ceremony's were checked against its published [tau]G2 by a pairing, which a test repeats. */
const SHA256: Readonly<Record<SrsVariant, string>> = {
  ignition: '66a4608fc6da4f9fc811ce9ec5f3c72985ac5419680e6e3e088851bfe4387f2c',
  development: '085ec1e93c58e07b8c60fb783175111f472c1b1be3dcb735be8dbeaa5103d0b2',
}
/** sha-256 of the whole development SRS where it is so long that the check of its powers takes longer. */
const DEVELOPMENT_SHA256: Readonly<Record<number, string>> = {
  [1 << 22]: '0486f087536ae783edeeae0a96a4cfb1187961f2f04569de21c6ebec5266f6c0',
}
/** [tau]G2 of the ceremony, published by Aztec; x imaginary, x real, y imaginary, y real. */
export const IGNITION_G2 = [
  0x260e01b251f6f1c7e7ff4e580791dee8ea51d87a358e038b4efe30fac09383c1n,
  0x0118c4d5b837bcc2bc89b5b398b5974e9f5944073b32078b7e231fec938883b0n,
  0x04fc6369f7110fe3d25156c1bb9a72859cf2a04641f99ba4ee413c80da6a5fe4n,
  0x22febda3c0c0632a56475b4214e5615e11e6dd3f96e6cea2854a87d4dacc5e55n,
] as const
/** Where bb itself looks. The transport need not be trusted: the digest is. */
const SOURCES = ['http://crs.aztec-cdn.foundation/g1_compressed.dat', 'http://crs.aztec-labs.com/g1_compressed.dat']

/** The secret of the development SRS, known to everyone who reads this line. */
const TAU = bn254.fields.Fr.create(
  BigInt(
    `0x${createHash('sha512').update('gevulot aztec-spend development parameters, anyone can forge').digest('hex')}`,
  ),
)

/**
 * Finds an SRS: the given directory, then bb's own (`~/.bb-crs`), then a download, then the development SRS. Of whatever is
 * found the first 1,025 points must have a known digest and the others be the further powers of the same secret (by a pairing with
 * its [tau]G2), so neither a damaged nor a foreign SRS can slip into a package.
 */
export async function resolveSrs(options: SrsOptions = {}): Promise<Srs> {
  const { variant, directory = process.env['CRS_PATH'] ?? null, download = fetch, points: count = FEW } = options
  if (directory !== null) {
    const points = await readDirectory(directory, count)
    if (points === undefined)
      throw new Error(`${directory} holds no SRS (bn254_g1.dat or bn254_g1_compressed.dat with ${count} points)`)
    const found = await identify(points)
    if (found === undefined)
      throw new Error(`the SRS in ${directory} is neither the ceremony's nor the development one`)
    if (variant === undefined || variant === found) return { variant: found, points, source: directory }
  }
  if (variant !== 'development') {
    const own = join(homedir(), '.bb-crs')
    const cached = await readDirectory(own, count)
    if (cached !== undefined && (await identify(cached)) === 'ignition')
      return { variant: 'ignition', points: cached, source: own }
    if (download !== null) {
      for (const source of SOURCES) {
        const points = await fetchPoints(source, download, count).catch(() => undefined)
        if (points !== undefined && (await identify(points)) === 'ignition')
          return { variant: 'ignition', points, source }
      }
    }
    if (variant === 'ignition')
      throw new Error('the SRS of the Ignition ceremony was not found: set CRS_PATH to a directory with bn254_g1.dat')
  }
  return {
    variant: 'development',
    points: await developmentPoints(count),
    source: 'made here from a publicly known secret',
  }
}

/** [tau]G2 of the development SRS, as the pairing precompile wants it: x imaginary, x real, y imaginary, y real. */
export function developmentG2(): readonly bigint[] {
  const { x, y } = bn254.G2.Point.BASE.multiply(TAU).toAffine()
  return [x.c1, x.c0, y.c1, y.c0]
}

/** Many points as a process has made or checked them once: the check alone takes seconds. */
const many = new Map<number, Promise<Uint8Array>>()

function developmentPoints(count: number): Promise<Uint8Array> {
  if (count < MANY) return Promise.resolve(powersOfTau(TAU, count))
  const points = many.get(count) ?? keptPoints(count)
  many.set(count, points)
  return points
}

async function keptPoints(count: number): Promise<Uint8Array> {
  const path = join(REPOSITORY, '.gevulot', 'srs', `development-${count}.dat`)
  const kept = await readStart(path, count * 2 * WORD)
  if (kept !== undefined && (await identify(kept)) === 'development') return kept
  const made = count < VERY_MANY ? powersOfTau(TAU, count) : await manyPowersOfTau(TAU, count)
  await mkdir(dirname(path), { recursive: true })
  // Two builds at the same time must not read half a file of each other.
  await writeFile(`${path}.${process.pid}`, made)
  await rename(`${path}.${process.pid}`, path)
  return made
}

async function identify(points: Uint8Array): Promise<SrsVariant | undefined> {
  const digest = sha256(points.subarray(0, FEW * 2 * WORD))
  const variant = VARIANTS.find((name) => SHA256[name] === digest)
  const count = points.length / (2 * WORD)
  if (variant === undefined || count === FEW) return variant
  if (variant === 'development' && count in DEVELOPMENT_SHA256)
    return sha256(points) === DEVELOPMENT_SHA256[count] ? variant : undefined
  const g2 = variant === 'ignition' ? IGNITION_G2 : developmentG2()
  const right = count < VERY_MANY ? isPowersOf(points, g2) : await areManyPowersOf(points, g2)
  return right ? variant : undefined
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function readDirectory(directory: string, count: number): Promise<Uint8Array | undefined> {
  const plain = await readStart(join(directory, 'bn254_g1.dat'), count * 2 * WORD)
  if (plain !== undefined) return plain
  const compressed = await readStart(join(directory, 'bn254_g1_compressed.dat'), count * WORD)
  return compressed && decompress(compressed)
}

/** The first bytes of a file that may be gigabytes long; undefined if it is missing or shorter. */
async function readStart(path: string, length: number): Promise<Uint8Array | undefined> {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
    return bytesRead === length ? buffer : undefined
  } finally {
    await file.close()
  }
}

async function fetchPoints(source: string, download: typeof fetch, count: number): Promise<Uint8Array> {
  const length = count * WORD
  const response = await download(source, {
    headers: { range: `bytes=0-${length - 1}` },
    signal: AbortSignal.timeout(TIMEOUT_MS + count / POINTS_PER_MS),
  })
  const chunks: Uint8Array[] = []
  let received = 0
  // A server that ignores the range sends the whole ceremony; what is needed comes first.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    received += chunk.length
    if (received >= length) break
  }
  return decompress(Buffer.concat(chunks).subarray(0, length))
}

/** bb's compressed points: x, with the highest bit set if y is odd. */
async function decompress(compressed: Uint8Array): Promise<Uint8Array> {
  if (compressed.length >= VERY_MANY * WORD) return expandMany(compressed)
  const { Fp: Fq } = bn254.fields
  const words: bigint[] = []
  for (let at = 0; at < compressed.length; at += WORD) {
    const word = BigInt(`0x${Buffer.from(compressed.subarray(at, at + WORD)).toString('hex')}`)
    const odd = word >> 255n
    const x = word & ((1n << 255n) - 1n)
    const root = Fq.sqrt(Fq.create(x * x * x + 3n))
    words.push(x, (root & 1n) === odd ? root : Fq.neg(root))
  }
  return toWords(words)
}
