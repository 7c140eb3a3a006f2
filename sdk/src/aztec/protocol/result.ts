import { createHash } from 'node:crypto'
import { aztecError } from '../../errors/codes/aztec.js'
import { bytesOfBase64 } from './base64.js'
import { factsOf, type JobTypeName } from './jobTypes.js'
import { layoutFault } from './layout.js'
import { readRecursiveProof } from './recursiveProof.js'

/** The parts of a result, serialized as Aztec's classes do. */
export interface JobResult {
  readonly type: JobTypeName
  /** The circuit's public inputs; absent for PUBLIC_VM, whose result is a proof alone. */
  readonly publicInputs?: Uint8Array
  readonly proof: Uint8Array
  readonly verificationKey?: Uint8Array
  /** Whether the proof proves nothing: a circuit was only simulated. */
  readonly simulated: boolean
  /** Whether it was made with development parameters, with which anyone can forge one: so says the program that made it. */
  readonly development?: true
}

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
    return { type, proof, simulated: readRecursiveProof(type, proof).simulated }
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
  const { simulated, publicInputs: proven } = readRecursiveProof(type, proof)
  // Where all of them are fields, both forms of them are the same bytes.
  if (facts.publicInputs === '3f' && !simulated && Buffer.compare(proven, publicInputs) !== 0) {
    throw invalid(type, 'proof: it is of other public inputs')
  }
  return { type, publicInputs, proof, verificationKey, simulated }
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
