import { aztecError } from '../../errors/codes/aztec.js'
import { factsOf, type JobTypeFacts, type JobTypeName } from './jobTypes.js'
import { unreducedField } from './layout.js'

/** What a proof says. */
export interface RecursiveProofParts {
  /** Whether it proves nothing: its circuit was only simulated. */
  readonly simulated: boolean
  /** The circuit's public inputs as fields; of a simulated proof none. */
  readonly publicInputs: Uint8Array
}

/** What a simulated proof holds in place of the binary one. */
const EMPTY_PROOF_BYTES = 42
const MAX_BINARY_PROOF_BYTES = 4 * 2 ** 20
const FIELD = 32
/** Public inputs of a key that a proof carries in itself: what is left to be paired, */
const PAIRING_POINTS = 8
/** and, in a proof of this many fields, a claim about an inner product. */
const IPA_CLAIM = 6
const ROLLUP_FIELDS = 519
/** Fields of the root's proof, which Ethereum verifies. */
const ROOT_FIELDS = 331

/**
 * Reads a serialized recursive proof completely.
 * @throws GevulotError AZTEC_RESULT_INVALID
 */
export function readRecursiveProof(type: JobTypeName, bytes: Uint8Array): RecursiveProofParts {
  const facts = factsOf(type)
  const { proofFields } = facts
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const fieldBytes = proofFields * FIELD
  const fixed = 4 + fieldBytes + 4 + 4 + 1
  if (bytes.length < fixed) throw invalid(type, `proof: it has ${bytes.length} bytes, less than ${fixed}`)
  const count = view.getUint32(0)
  if (count !== proofFields) throw invalid(type, `proof: it has ${count} fields, not ${proofFields}`)
  const fields = bytes.subarray(4, 4 + fieldBytes)
  const unreduced = unreducedField(fields)
  if (unreduced !== undefined) throw invalid(type, `proof: field ${unreduced} is not below the modulus`)
  const size = view.getUint32(4 + fieldBytes)
  if (size > MAX_BINARY_PROOF_BYTES || bytes.length !== fixed + size) {
    throw invalid(type, `proof: a binary proof of ${size} bytes does not make ${bytes.length}`)
  }
  const binary = bytes.subarray(8 + fieldBytes, 8 + fieldBytes + size)
  const inputs = view.getUint32(8 + fieldBytes + size)
  const flag = bytes[bytes.length - 1]
  if (flag === 1 && size === EMPTY_PROOF_BYTES && inputs === 0 && isZero(binary)) {
    return { simulated: true, publicInputs: new Uint8Array() }
  }
  const fault = realFault(type, facts, { fields, binary, inputs, flag })
  if (fault !== undefined) throw invalid(type, `proof: ${fault}`)
  return { simulated: false, publicInputs: binary.subarray(0, ownInputs(facts) * FIELD) }
}

/** Public inputs that a circuit has itself: its key counts those that a proof carries too. */
function ownInputs({ keyInputs, proofFields }: JobTypeFacts): number {
  return keyInputs === undefined ? 0 : keyInputs - PAIRING_POINTS - (proofFields === ROLLUP_FIELDS ? IPA_CLAIM : 0)
}

/**
 * What is wrong with the form of a proof that was made: Aztec's prover writes the public inputs and the proof as bb left them, and the same proof in
 * fields. The root's has no fields, because no circuit takes it in, and counts the pairing points among its public inputs; the virtual machine's has no
 * public inputs, and its fields are filled up with zeros. Source: `proof_utils` and `BBNativeRollupProver` of Aztec 4.1.2.
 */
function realFault(
  type: JobTypeName,
  facts: JobTypeFacts,
  proof: {
    readonly fields: Uint8Array
    readonly binary: Uint8Array
    readonly inputs: number
    readonly flag: number | undefined
  },
): string | undefined {
  const { fields, binary, inputs, flag } = proof
  const { proofFields, keyInputs } = facts
  const isRoot = type === 'ROOT_ROLLUP'
  if (flag !== (isRoot ? 0 : 1)) return `its fields are said to be ${isRoot ? '' : 'in'}valid`
  if (type === 'PUBLIC_VM') {
    if (inputs !== 0) return `it is said to have ${inputs} public inputs, and has none`
    if (binary.length === 0 || binary.length % FIELD !== 0) return `${binary.length} bytes are no binary proof`
    const isPadded =
      same(fields.subarray(0, binary.length), binary) && isZero(fields.subarray(Math.min(binary.length, fields.length)))
    return isPadded ? undefined : 'its fields are not those of its binary form'
  }
  const own = ownInputs(facts)
  const said = isRoot ? keyInputs : own
  if (inputs !== said) return `it is said to have ${inputs} public inputs, not ${said}`
  const want = (own + (isRoot ? ROOT_FIELDS : proofFields)) * FIELD
  if (binary.length !== want) return `its binary form has ${binary.length} bytes, not ${want}`
  const unreduced = unreducedField(binary.subarray(0, own * FIELD))
  if (unreduced !== undefined) return `public input ${unreduced} is not below the modulus`
  const isSame = isRoot ? isZero(fields) : same(binary.subarray(own * FIELD), fields)
  return isSame ? undefined : 'its fields are not those of its binary form'
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

function invalid(type: JobTypeName, what: string): Error {
  return aztecError('AZTEC_RESULT_INVALID', `a result of ${type}: ${what}`)
}
