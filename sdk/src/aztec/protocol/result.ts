import { createHash } from 'node:crypto'
import { aztecError } from '../../errors/codes/aztec.js'
import { bytesOfBase64 } from './base64.js'
import { factsOf, type JobTypeFacts, type JobTypeName } from './jobTypes.js'
import { layoutFault, unreducedField } from './layout.js'

/** The parts of a result, serialized as Aztec's classes do. */
export interface JobResult {
  readonly type: JobTypeName
  /** The circuit's public inputs; absent for PUBLIC_VM, whose result is a proof alone. */
  readonly publicInputs?: Uint8Array
  readonly proof: Uint8Array
  readonly verificationKey?: Uint8Array
  /** Whether the proof proves nothing: a circuit was only simulated. */
  readonly simulated: boolean
}

/** What a simulated proof holds in place of the binary one. */
const EMPTY_PROOF_BYTES = 42
const MAX_BINARY_PROOF_BYTES = 4 * 2 ** 20

/**
 * Reads the `result` of a proving job's JSON completely: every length, count and range that Aztec's decoder has an opinion about, and the
 * verification key against the release's own. The broker takes anything, and what its producer cannot decode hangs the epoch; so what passes here
 * must be decodable.
 * @throws GevulotError AZTEC_RESULT_INVALID
 */
export function readResult(type: JobTypeName, value: unknown): JobResult {
  const facts = factsOf(type)
  if (facts.publicInputs === undefined) {
    const proof = bytesAt(type, 'proof', value)
    return { type, proof, simulated: checkProof(type, facts, proof) }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(type, 'is not an object')
  const members = value as Readonly<Record<string, unknown>>
  const names = Object.keys(members).sort()
  if (names.join() !== 'inputs,proof,verificationKey')
    throw invalid(type, `has the members ${names.join(', ').slice(0, 200)}`)
  const publicInputs = bytesAt(type, 'inputs', members['inputs'])
  const fault = layoutFault(facts.publicInputs, publicInputs) ?? parityFault(type, publicInputs)
  if (fault !== undefined) throw invalid(type, `inputs: it ${fault}`)
  const proof = bytesAt(type, 'proof', members['proof'])
  const verificationKey = bytesAt(type, 'verificationKey', members['verificationKey'])
  if (createHash('sha256').update(verificationKey).digest('hex') !== facts.key) {
    throw invalid(type, "verificationKey: it is not the circuit's")
  }
  return { type, publicInputs, proof, verificationKey, simulated: checkProof(type, facts, proof) }
}

/** The JSON of a result as Aztec writes it. Ours, whatever the prover wrote: what was checked is what is reported. */
export function resultJson(result: JobResult): string {
  const { type, publicInputs, proof, verificationKey } = result
  const body =
    publicInputs === undefined || verificationKey === undefined
      ? base64(proof)
      : { inputs: base64(publicInputs), proof: base64(proof), verificationKey: base64(verificationKey) }
  return JSON.stringify({ type: factsOf(type).type, result: body })
}

/** Checks a serialized recursive proof. @returns Whether it is a simulated one. */
function checkProof(type: JobTypeName, { proofFields, keyInputs }: JobTypeFacts, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const fieldBytes = proofFields * 32
  const fixed = 4 + fieldBytes + 4 + 4 + 1
  if (bytes.length < fixed) throw invalid(type, `proof: it has ${bytes.length} bytes, less than ${fixed}`)
  const count = view.getUint32(0)
  if (count !== proofFields) throw invalid(type, `proof: it has ${count} fields, not ${proofFields}`)
  const unreduced = unreducedField(bytes.subarray(4, 4 + fieldBytes))
  if (unreduced !== undefined) throw invalid(type, `proof: field ${unreduced} is not below the modulus`)
  const size = view.getUint32(4 + fieldBytes)
  if (size > MAX_BINARY_PROOF_BYTES || bytes.length !== fixed + size) {
    throw invalid(type, `proof: a binary proof of ${size} bytes does not make ${bytes.length}`)
  }
  const binary = bytes.subarray(8 + fieldBytes, 8 + fieldBytes + size)
  const inputs = view.getUint32(8 + fieldBytes + size)
  if (bytes[bytes.length - 1] !== 1) throw invalid(type, 'proof: its fields are said not to be valid')
  if (size === EMPTY_PROOF_BYTES && inputs === 0 && binary.every((byte) => byte === 0)) return true
  if (size === 0 || size % 32 !== 0) throw invalid(type, `proof: ${size} bytes are no binary proof`)
  if (keyInputs !== undefined && inputs !== keyInputs) {
    throw invalid(type, `proof: it is said to have ${inputs} public inputs, the key has ${keyInputs}`)
  }
  // Else the decoder's own assertion fails when it takes the public inputs off.
  if (size < 32 * inputs) throw invalid(type, `proof: ${inputs} public inputs do not fit into ${size} bytes`)
  return false
}

/** The decoder refuses a root that needs all 32 bytes. */
function parityFault(type: JobTypeName, publicInputs: Uint8Array): string | undefined {
  if (type !== 'PARITY_BASE' && type !== 'PARITY_ROOT') return undefined
  return publicInputs[0] === 0 ? undefined : 'begins with a root of 32 bytes, not 31'
}

function bytesAt(type: JobTypeName, name: string, value: unknown): Uint8Array {
  const bytes = bytesOfBase64(value)
  if (bytes === undefined) throw invalid(type, `${name}: it is not base64`)
  return bytes
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function invalid(type: JobTypeName, what: string): Error {
  return aztecError('AZTEC_RESULT_INVALID', `a result of ${type}: ${what}`)
}
