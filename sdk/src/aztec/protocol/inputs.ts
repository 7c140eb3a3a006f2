import { createHash } from 'node:crypto'
import { aztecError } from '../../errors/codes/aztec.js'
import { bytesOfBase64 } from './base64.js'
import type { JobId } from './JobId.js'
import { factsOf } from './jobTypes.js'

/**
 * Checks the inputs of a job, as its producer serialized them, against its id.
 * @throws GevulotError AZTEC_JOB_INVALID: these bytes can never prove this job
 */
export function checkInputs(id: string, { type, inputsHash }: JobId, bytes: Uint8Array): Uint8Array {
  const { inputBytes } = factsOf(type)
  if (inputBytes !== undefined && bytes.length !== inputBytes) {
    throw aztecError('AZTEC_JOB_INVALID', `the inputs of ${id} have ${bytes.length} bytes, not ${inputBytes}`)
  }
  const have = createHash('sha256').update(bytes).digest('hex')
  if (have !== inputsHash) {
    throw aztecError('AZTEC_JOB_INVALID', `the inputs of ${id} have another sha-256: ${have}`, {
      details: { have, want: inputsHash },
    })
  }
  return bytes
}

// The text that the virtual machine's inputs are hashed in is part of the envelope, so it is cut out, not written again.
const VM_START = '{"type":0,"inputs":'

/**
 * The serialized inputs in the JSON of an inline URI.
 * @throws GevulotError AZTEC_JOB_INVALID
 */
export function inputsOfJson(id: string, { type }: JobId, text: string): Uint8Array {
  const value = parsed(id, text)
  if (value.type !== factsOf(type).type) {
    throw aztecError('AZTEC_JOB_INVALID', `the inputs of ${id} are said to be of type ${String(value.type)}`)
  }
  if (type === 'PUBLIC_VM') {
    if (!text.startsWith(VM_START) || !text.endsWith('}')) {
      throw aztecError('AZTEC_JOB_INVALID', `the inputs of ${id} are not in the form that their hash is of`)
    }
    return Buffer.from(text.slice(VM_START.length, -1))
  }
  const bytes = bytesOfBase64(value.inputs)
  if (bytes === undefined) throw aztecError('AZTEC_JOB_INVALID', `the inputs of ${id} are not base64`)
  return bytes
}

function parsed(id: string, text: string): { readonly type?: unknown; readonly inputs?: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch (cause) {
    throw aztecError('AZTEC_JOB_INVALID', `the inputs of ${id} are not JSON`, { cause })
  }
  throw aztecError('AZTEC_JOB_INVALID', `the inputs of ${id} are not a JSON object`)
}
