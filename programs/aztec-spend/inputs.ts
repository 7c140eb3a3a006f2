import { createHash } from 'node:crypto'

import { Noir, type CompiledCircuit, type InputMap } from '@noir-lang/noir_js'

import { toWords } from '../support/words.js'
import derive from './keys/derive.json' with { type: 'json' }
import spend from './keys/spend.json' with { type: 'json' }

/** Levels of the tree of notes. */
export const DEPTH = 8

const ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

/** A note and its place in the tree; every number is a field element. */
export interface Note {
  readonly secret: bigint
  readonly value: bigint
  readonly blinding: bigint
  /** Index of its leaf, below 2^DEPTH. */
  readonly index: number
  /** The siblings from the leaf up to the root, DEPTH of them. */
  readonly path: readonly bigint[]
}

/** The input files of a workload. Whoever holds `witness.gz` knows the note: it goes to the drawn provers and to nobody else. */
export interface SpendInputs {
  readonly files: { readonly 'witness.gz': Uint8Array; readonly public_inputs: Uint8Array }
}

/** The input files of a workload that proves the spend of `note`. */
export async function makeInputs(note: Note): Promise<SpendInputs> {
  const { secret, value, blinding, index, path } = note
  if (path.length !== DEPTH || !Number.isInteger(index) || index < 0 || index >= 2 ** DEPTH)
    throw new RangeError('the note has no place in the tree')
  const hidden: InputMap = {
    secret: field(secret),
    value: field(value),
    blinding: field(blinding),
    path: path.map(field),
    bits: path.map((_, level) => ((index >> level) & 1) === 1),
  }
  const { returnValue } = await new Noir(derive as CompiledCircuit).execute(hidden)
  const [root = '', nullifier = '', commitment = ''] = returnValue as string[]
  const { witness } = await new Noir(spend as CompiledCircuit).execute({
    ...hidden,
    root,
    nullifier,
    value_commitment: commitment,
  })
  return { files: { 'witness.gz': witness, public_inputs: toWords([root, nullifier, commitment].map(BigInt)) } }
}

/** A made-up note for demonstrations and tests: another one for every `name`. */
export function exampleNote(name: string): Note {
  const number = (use: string): bigint =>
    BigInt(`0x${createHash('sha512').update(`${name}: ${use}`).digest('hex')}`) % ORDER
  return {
    secret: number('secret'),
    value: number('value') % 1_000_000n,
    blinding: number('blinding'),
    index: Number(number('index') % BigInt(2 ** DEPTH)),
    path: Array.from({ length: DEPTH }, (_, level) => number(`sibling ${level}`)),
  }
}

function field(value: bigint): string {
  if (value < 0n || value >= ORDER) throw new RangeError('not an element of the field')
  return `0x${value.toString(16)}`
}
