import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import { bls12_381 } from '@noble/curves/bls12-381.js'

import { toWords } from '../support/words.js'
import { COORDINATE, decodeKey, type VerifyingKey } from './key.js'
import type { Shape } from './shapes.js'
import { PROVER } from './tool.js'

const { G1, G2, fields } = bls12_381

/** What a set-up yields, and where it comes from. */
export interface Parameters {
  /** For the prover. */
  readonly bytes: Uint8Array
  readonly key: VerifyingKey
  /** Made from publicly known secrets: anyone can forge proofs. */
  readonly development: boolean
}

/**
 * The parameters of a statement: `FILECOIN_PARAMETERS` names the file of a real set-up, beside it `<file>.key.json` with its verifying
 * key (README.md); without it, the development ones.
 */
export async function resolveParameters(
  shape: Shape,
  ceremony = process.env['FILECOIN_PARAMETERS'],
): Promise<Parameters> {
  if (ceremony === undefined) return { ...(await developmentParameters(shape)), development: true }
  const key = JSON.parse(await readFile(`${ceremony}.key.json`, 'utf8')) as VerifyingKey
  return { bytes: await readFile(ceremony), key, development: false }
}

/**
 * Parameters from secrets derived from a name that everybody can read here: seconds instead of a ceremony, the same bytes on every
 * machine, and no security at all.
 * @param name Another name makes other parameters.
 */
export async function developmentParameters(
  { sectors, challenges, levels }: Shape,
  name = 'gevulot filecoin development parameters, anyone can forge',
): Promise<Omit<Parameters, 'development'>> {
  const secret = (use: string): bigint =>
    fields.Fr.create(BigInt(`0x${createHash('sha512').update(`${name}: ${use}`).digest('hex')}`))
  const secrets = ['tau', 'alpha', 'beta', 'gamma', 'delta'].map(secret)
  const one = G1.Point.BASE.toAffine()
  const two = G2.Point.BASE.toAffine()
  const coordinates = (numbers: readonly bigint[]): string =>
    numbers.map((number) => number.toString(16).padStart(2 * COORDINATE, '0')).join('')
  const input = [
    ...secrets.map((number) => Buffer.from(toWords([number])).toString('hex')),
    coordinates([one.x, one.y]),
    coordinates([two.x.c0, two.x.c1, two.y.c0, two.y.c1]),
  ]
  const args = ['setup', ...[sectors, challenges, levels].map(String), 'out']
  const { printed, out } = await PROVER.run(args, {}, input.join('\n'))
  return { bytes: out, key: decodeKey(printed.trim()) }
}
