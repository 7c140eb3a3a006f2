import { aztecError } from '../../errors/codes/aztec.js'
import { checkInputs, inputsOfJson } from '../protocol/inputs.js'
import type { ProofExchange } from './ProofExchange.js'

/** What an inline URI begins with; the JSON behind it is percent-encoded, not base64. */
export const INLINE_PREFIX = 'data:application/json;charset=utf-8,'

/** Inputs and results in the URIs themselves: what a broker does by default. */
export const inlineExchange: ProofExchange = {
  async load(id, job, uri) {
    return checkInputs(id, job, inputsOfJson(id, job, decoded(id, uri)))
  },
  async save(_id, _job, json) {
    return INLINE_PREFIX + encodeURIComponent(json)
  },
}

function decoded(id: string, uri: string): string {
  if (!uri.startsWith(INLINE_PREFIX)) throw aztecError('AZTEC_JOB_INVALID', `the inputs of ${id} are not inline`)
  try {
    return decodeURIComponent(uri.slice(INLINE_PREFIX.length))
  } catch (cause) {
    throw aztecError('AZTEC_JOB_INVALID', `the inputs of ${id} are not percent-encoded`, { cause })
  }
}
