import { aztecError } from '../../errors/codes/aztec.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { checkInputs } from '../protocol/inputs.js'
import type { ProofExchange } from './ProofExchange.js'

/** A place with files by path. */
export interface FileStore {
  /** What its URIs begin with, up to a slash: `file:///var/proofs/`, `s3://bucket/epochs/`. */
  readonly base: string
  /** Undefined: not there. */
  read(path: string, signal?: AbortSignal): Promise<Uint8Array | undefined>
  write(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>
}

/**
 * Inputs and results as files, where a broker's `PROVER_PROOF_STORE` says: `inputs/<TYPE>/<id>`, the serialized inputs as they are, and
 * `outputs/<TYPE>/<id>.json`. The URI of inputs must be the one that follows from the id: a broker that lies cannot have other files read.
 */
export function filedExchange(store: FileStore): ProofExchange {
  const guarded = async <T>(doing: string, act: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    try {
      return await act()
    } catch (cause) {
      signal?.throwIfAborted()
      if (cause instanceof GevulotError && cause.code.startsWith('AZTEC_')) throw cause
      throw aztecError('AZTEC_INPUTS_UNAVAILABLE', `${store.base} failed at ${doing}`, { cause })
    }
  }
  return {
    async load(id, job, uri, signal) {
      const path = `inputs/${job.type}/${id}`
      if (uri !== store.base + path) {
        throw aztecError('AZTEC_STORE_REFUSED', `the inputs of ${id} are said to be at ${uri.slice(0, 300)}`, {
          details: { want: store.base + path },
        })
      }
      const bytes = await guarded(`reading the inputs of ${id}`, () => store.read(path, signal), signal)
      if (bytes === undefined)
        throw aztecError('AZTEC_INPUTS_UNAVAILABLE', `${store.base} does not hold the inputs of ${id}`)
      try {
        return checkInputs(id, job, bytes)
      } catch (cause) {
        // Half of a file, or a copy that is behind: a store can be right the next time, unlike a URI.
        throw aztecError('AZTEC_INPUTS_UNAVAILABLE', `${store.base} holds something else than the inputs of ${id}`, {
          cause,
        })
      }
    },
    async save(id, job, json, signal) {
      const path = `outputs/${job.type}/${id}.json`
      await guarded(`writing the result of ${id}`, () => store.write(path, Buffer.from(json), signal), signal)
      return store.base + path
    },
  }
}
