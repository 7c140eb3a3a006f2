import { aztecError } from '../../errors/codes/aztec.js'
import { digestOf } from '../../content/digest.js'
import { factsOf, type JobTypeName } from './jobTypes.js'
import { RELEASE } from './release.js'
import { readResult, resultJson, type JobResult } from './result.js'

/** A job of a bundle, before it is proven. */
export interface BundledJob {
  /** The broker's id; it holds the sha-256 of the inputs. */
  readonly id: string
  readonly type: JobTypeName
}

/** The most jobs of one bundle: an inputs manifest lists them all as files. */
export const MAX_BUNDLE_JOBS = 512
/** The most bytes of a bundle's results. */
export const MAX_RESULTS_BYTES = 64 * 2 ** 20

/** Name of a job's input file. */
export function inputName(index: number): string {
  return `job-${index}`
}

/** The public inputs of a bundle's workload: which jobs, in which order. An id holds the hash of the job's inputs, so these bind all of it. */
export function bundleStatement(jobs: readonly BundledJob[]): Uint8Array {
  const { packageVersion: release } = RELEASE
  return Buffer.from(JSON.stringify({ schema: 'gevulot/aztec-jobs@1', release, jobs: jobs.map(({ id }) => id) }))
}

/** The ids in a statement, in the prover. @throws GevulotError AZTEC_JOB_INVALID */
export function readStatement(bytes: Uint8Array): readonly string[] {
  const value = jsonOf(bytes) as { readonly jobs?: unknown } | undefined
  const jobs: unknown = value?.jobs
  const ids = Array.isArray(jobs) ? jobs.filter((id) => typeof id === 'string') : []
  // Written again it must be the same text: there is one form only.
  const again = bundleStatement(ids.map((id) => ({ id, type: 'ROOT_ROLLUP' })))
  if (ids.length === 0 || ids.length > MAX_BUNDLE_JOBS || Buffer.compare(again, bytes) !== 0) {
    throw aztecError(
      'AZTEC_JOB_INVALID',
      `public_inputs do not name a bundle of jobs of Aztec ${RELEASE.packageVersion}`,
    )
  }
  return ids
}

/** The proof of a bundle: the results of its jobs, in order. */
export function bundleProof(statement: Uint8Array, results: readonly JobResult[]): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      schema: 'gevulot/aztec-results@1',
      statement: digestOf(statement),
      // Said for the bundle and for each of its results, so that nobody takes them for proofs.
      simulated: results.some(({ simulated }) => simulated),
      results: results.map((result) => ({
        simulated: result.simulated,
        ...(result.development && { development: true }),
        ...(JSON.parse(resultJson(result)) as object),
      })),
    }),
  )
}

/**
 * Reads the proof of a bundle completely.
 * @throws GevulotError AZTEC_RESULT_INVALID naming the job
 */
export function readBundleProof(jobs: readonly BundledJob[], bytes: Uint8Array): readonly JobResult[] {
  if (bytes.length > MAX_RESULTS_BYTES) throw invalid(`they have ${bytes.length} bytes, more than ${MAX_RESULTS_BYTES}`)
  const value = jsonOf(bytes)
  if (!hasMembers(value, ['results', 'schema', 'simulated', 'statement'])) throw invalid('they are not of their form')
  if (value['schema'] !== 'gevulot/aztec-results@1') throw invalid('they are of another schema')
  if (value['statement'] !== digestOf(bundleStatement(jobs))) throw invalid('they are those of another bundle')
  const list = value['results']
  if (!Array.isArray(list) || list.length !== jobs.length) throw invalid(`they are not ${jobs.length}`)
  const results = jobs.map(({ id, type }, index) => {
    try {
      return readEntry(type, list[index])
    } catch (cause) {
      throw invalid(`that of ${id}: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
    }
  })
  if (value['simulated'] !== results.some(({ simulated }) => simulated)) throw invalid('they do not say what they are')
  return results
}

function readEntry(type: JobTypeName, entry: unknown): JobResult {
  const isDevelopment = hasMembers(entry, ['development', 'result', 'simulated', 'type'])
  if (!isDevelopment && !hasMembers(entry, ['result', 'simulated', 'type'])) throw invalid('it is not of its form')
  if (isDevelopment && (entry['development'] !== true || entry['simulated'] !== false)) {
    throw invalid('it does not say what it rests on')
  }
  const result = readResult(type, entry['result'])
  if (entry['type'] !== factsOf(type).type) throw invalid(`it is of type ${String(entry['type'])}`)
  if (entry['simulated'] !== result.simulated) throw invalid('it does not say whether it is simulated')
  return isDevelopment ? { ...result, development: true } : result
}

function hasMembers(value: unknown, names: readonly string[]): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).sort().join() === names.join()
  )
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

function invalid(what: string, cause?: unknown): Error {
  return aztecError('AZTEC_RESULT_INVALID', `results of a bundle: ${what}`, cause === undefined ? {} : { cause })
}
