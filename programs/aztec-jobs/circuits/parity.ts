import { createHash } from 'node:crypto'

import { poseidon2Hash } from '@zkpassport/poseidon2'

const FIELD = 32
const MESSAGES = 256
const CHILDREN = 4
const PUBLIC_INPUTS = 3 * FIELD

/** PARITY_BASE: the roots of two trees over 256 messages, one of sha-256 and one of Poseidon2. Inputs: the messages, the root of the keys. */
export function parityBase(inputs: Uint8Array): Uint8Array {
  const messages = fieldsOf(inputs.subarray(0, MESSAGES * FIELD))
  return Buffer.concat([shaRoot(messages), poseidonRoot(messages), inputs.subarray(MESSAGES * FIELD)])
}

/** PARITY_ROOT: the same over the roots of four PARITY_BASE. Inputs: four times public inputs, proof and key. */
export function parityRoot(inputs: Uint8Array): Uint8Array {
  const children: Uint8Array[] = []
  let at = 0
  for (let index = 0; index < CHILDREN; index++) {
    children.push(inputs.subarray(at, at + PUBLIC_INPUTS))
    at = afterKey(inputs, afterProof(inputs, at + PUBLIC_INPUTS))
  }
  if (at !== inputs.length) throw new Error(`the inputs have ${inputs.length} bytes, their parts ${at}`)
  const roots = children.map((child) => fieldsOf(child))
  const keys = new Set(roots.map(([, , key]) => Buffer.from(key ?? []).toString('hex')))
  if (keys.size !== 1) throw new Error('the children name different roots of keys')
  const column = (index: number): Uint8Array[] => roots.map((root) => root[index] ?? new Uint8Array(FIELD))
  return Buffer.concat([shaRoot(column(0)), poseidonRoot(column(1)), column(2)[0] ?? new Uint8Array(FIELD)])
}

/** Each node is a digest without its last byte, behind a zero: below the modulus. */
function shaRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return rootOf(leaves, (left, right) => {
    const digest = createHash('sha256').update(left).update(right).digest()
    return Buffer.concat([new Uint8Array(1), digest.subarray(0, FIELD - 1)])
  })
}

function poseidonRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return rootOf(leaves, (left, right) => bytesOf(poseidon2Hash([numberOf(left), numberOf(right)])))
}

function rootOf(
  leaves: readonly Uint8Array[],
  parent: (left: Uint8Array, right: Uint8Array) => Uint8Array,
): Uint8Array {
  let level = leaves
  while (level.length > 1) {
    level = level.flatMap((left, index) => (index % 2 === 0 ? [parent(left, level[index + 1] ?? left)] : []))
  }
  return level[0] ?? new Uint8Array(FIELD)
}

/** A recursive proof: its fields, its binary form, the number of its public inputs, and a flag. */
function afterProof(inputs: Uint8Array, at: number): number {
  const binary = at + 4 + numberAt(inputs, at) * FIELD
  return binary + 4 + numberAt(inputs, binary) + 4 + 1
}

/** A verification key: its fields, their hash, its bytes; then its place in the tree of keys, and the path to it. */
function afterKey(inputs: Uint8Array, at: number): number {
  const bytes = at + 4 + (numberAt(inputs, at) + 1) * FIELD
  const place = bytes + 4 + numberAt(inputs, bytes)
  return place + 4 + TREE_HEIGHT * FIELD
}

const TREE_HEIGHT = 7

function numberAt(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) throw new Error('the inputs end too early')
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0)
}

function fieldsOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / FIELD }, (_, index) => bytes.subarray(index * FIELD, (index + 1) * FIELD))
}

function numberOf(field: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(field).toString('hex')}`)
}

function bytesOf(field: bigint): Uint8Array {
  return Buffer.from(field.toString(16).padStart(2 * FIELD, '0'), 'hex')
}
