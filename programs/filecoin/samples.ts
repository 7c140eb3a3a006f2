import { createHash } from 'node:crypto'

import { bls12_381 } from '@noble/curves/bls12-381.js'

import { makeInputs, type PostInputs, type Sector, sectorOf } from './inputs.js'
import type { Shape } from './shapes.js'

/** Round 1,000 of drand's network quicknet, as published. Filecoin's randomness comes from drand too. */
export const DRAND_ROUND_1000 = Buffer.from('fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd', 'hex')

/** A sector whose replica is derived from a name: no replica of 2 KiB from Filecoin's test networks is published with its tree. */
export function sampleSector(name: string, number: bigint, { levels }: Pick<Shape, 'levels'>): Sector {
  const element = (use: string): bigint =>
    bls12_381.fields.Fr.create(BigInt(`0x${createHash('sha512').update(`${name}: ${use}`).digest('hex')}`))
  const leaves = Array.from({ length: 8 ** levels }, (_, leaf) => element(`leaf ${leaf}`))
  return sectorOf(number, element('comm_c'), leaves)
}

/** A workload that asks for a proof about sample sectors, challenged by a round of drand. */
export function sampleInputs(
  shape: Shape,
  name = 'sample',
  randomness: Uint8Array = DRAND_ROUND_1000,
): { readonly files: PostInputs } {
  const sectors = Array.from({ length: shape.sectors }, (_, n) => sampleSector(`${name} ${n}`, BigInt(1000 + n), shape))
  return makeInputs(shape, randomness, sectors)
}
