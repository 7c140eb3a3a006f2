import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { bn254 } from '@noble/curves/bn254.js'

import { toWords, WORD } from '../support/words.js'

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
}

const POINTS = 1025
const TIMEOUT_MS = 5_000
/** sha-256 of the points. The ceremony's were checked against its published [tau]G2 by a pairing, which a test repeats. */
const SHA256: Readonly<Record<SrsVariant, string>> = {
  ignition: '66a4608fc6da4f9fc811ce9ec5f3c72985ac5419680e6e3e088851bfe4387f2c',
  development: '085ec1e93c58e07b8c60fb783175111f472c1b1be3dcb735be8dbeaa5103d0b2',
}
/** Where bb itself looks. The transport need not be trusted: the digest is. */
const SOURCES = ['http://crs.aztec-cdn.foundation/g1_compressed.dat', 'http://crs.aztec-labs.com/g1_compressed.dat']

/** The secret of the development SRS, known to everyone who reads this line. */
const TAU = bn254.fields.Fr.create(
  BigInt(
    `0x${createHash('sha512').update('gevulot aztec-spend development parameters, anyone can forge').digest('hex')}`,
  ),
)

/**
 * Finds an SRS: the given directory, then bb's own (`~/.bb-crs`), then a download, then the development SRS. Whatever is found must
 * have a known digest, so neither a damaged nor a foreign SRS can slip into a package.
 */
export async function resolveSrs(options: SrsOptions = {}): Promise<Srs> {
  const { variant, directory = process.env['CRS_PATH'] ?? null, download = fetch } = options
  if (directory !== null) {
    const points = await readDirectory(directory)
    if (points === undefined)
      throw new Error(`${directory} holds no SRS (bn254_g1.dat or bn254_g1_compressed.dat with ${POINTS} points)`)
    const found = identify(points)
    if (found === undefined)
      throw new Error(`the SRS in ${directory} is neither the ceremony's nor the development one`)
    if (variant === undefined || variant === found) return { variant: found, points, source: directory }
  }
  if (variant !== 'development') {
    const own = join(homedir(), '.bb-crs')
    const cached = await readDirectory(own)
    if (cached !== undefined && identify(cached) === 'ignition')
      return { variant: 'ignition', points: cached, source: own }
    if (download !== null) {
      for (const source of SOURCES) {
        const points = await fetchPoints(source, download).catch(() => undefined)
        if (points !== undefined && identify(points) === 'ignition') return { variant: 'ignition', points, source }
      }
    }
    if (variant === 'ignition')
      throw new Error('the SRS of the Ignition ceremony was not found: set CRS_PATH to a directory with bn254_g1.dat')
  }
  return { variant: 'development', points: developmentPoints(), source: 'made here from a publicly known secret' }
}

/** [tau]G2 of the development SRS, as the pairing precompile wants it: x imaginary, x real, y imaginary, y real. */
export function developmentG2(): readonly bigint[] {
  const { x, y } = bn254.G2.Point.BASE.multiply(TAU).toAffine()
  return [x.c1, x.c0, y.c1, y.c0]
}

function developmentPoints(): Uint8Array {
  const { Fr } = bn254.fields
  const words: bigint[] = []
  for (let i = 0, power = Fr.ONE; i < POINTS; i++, power = Fr.mul(power, TAU)) {
    const { x, y } = bn254.G1.Point.BASE.multiplyUnsafe(power).toAffine()
    words.push(x, y)
  }
  return toWords(words)
}

function identify(points: Uint8Array): SrsVariant | undefined {
  const digest = createHash('sha256').update(points).digest('hex')
  if (digest === SHA256.ignition) return 'ignition'
  return digest === SHA256.development ? 'development' : undefined
}

async function readDirectory(directory: string): Promise<Uint8Array | undefined> {
  const plain = await readStart(join(directory, 'bn254_g1.dat'), POINTS * 2 * WORD)
  if (plain !== undefined) return plain
  const compressed = await readStart(join(directory, 'bn254_g1_compressed.dat'), POINTS * WORD)
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

async function fetchPoints(source: string, download: typeof fetch): Promise<Uint8Array> {
  const length = POINTS * WORD
  const response = await download(source, {
    headers: { range: `bytes=0-${length - 1}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
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
function decompress(compressed: Uint8Array): Uint8Array {
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
