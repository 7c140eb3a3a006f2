import type { JobId } from '../protocol/JobId.js'

/** Where a broker's producer and its agents leave the inputs and results of jobs: Aztec calls it the proof store. */
export interface ProofExchange {
  /**
   * The serialized inputs of a job, checked against its id.
   * @throws GevulotError AZTEC_JOB_INVALID: they can never be right. AZTEC_INPUTS_UNAVAILABLE: they may be later. AZTEC_STORE_REFUSED
   */
  load(id: string, job: JobId, uri: string, signal?: AbortSignal): Promise<Uint8Array>
  /**
   * Leaves the JSON of a result.
   * @returns The URI to report.
   * @throws GevulotError AZTEC_INPUTS_UNAVAILABLE, AZTEC_STORE_REFUSED
   */
  save(id: string, job: JobId, json: string, signal?: AbortSignal): Promise<string>
}
