import { mkdir } from 'node:fs/promises'
import { fetchPackage, type ContentSource, type Digest, type LocalFile, type ReadProgress } from '../content/index.js'
import type { RunLimits, Runtime } from './Runtime.js'
import type { RunOutcome } from './RunOutcome.js'

/** What to run, and with what. */
export interface Trial {
  readonly runtime: Runtime
  /** sha-256 of the package's manifest. */
  readonly package: Digest
  readonly source: ContentSource
  /** Where packages are kept. */
  readonly cacheDirectory: string
  /** Files of `/in`; a verifier gets `proof` among them. */
  readonly inputs: readonly LocalFile[]
  readonly args?: readonly string[]
  /** 0x-hex; default zero. */
  readonly workload?: string
  readonly prover?: string
  /** Over what the manifest asks for; `seconds` default to 600, `logBytes` to 256 KiB. */
  readonly limits?: Partial<RunLimits>
  /** Where result files are left; made if it is not there. */
  readonly outputDirectory: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ReadProgress) => void
  readonly onLog?: (text: string) => void
}

/** How a trial went. */
export interface TrialResult {
  readonly name: string
  readonly role: 'prove' | 'verify'
  readonly limits: RunLimits
  /** Bytes of all files of the package. */
  readonly packageBytes: number
  readonly outcome: RunOutcome
}

const ZERO_WORKLOAD = `0x${'00'.repeat(32)}`
const ZERO_PROVER = `0x${'00'.repeat(20)}`

/**
 * Runs a package once on this machine, as a worker would: the way for an author to try it. Its role follows from its manifest.
 * @throws GevulotError `CONTENT_*`, RUNTIME_JOB_INVALID, RUNTIME_UNAVAILABLE
 */
export async function tryPackage(trial: Trial): Promise<TrialResult> {
  const { signal, onProgress, onLog } = trial
  const local = await fetchPackage(trial.package, trial.source, trial.cacheDirectory, {
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  })
  const { manifest } = local
  const { cores, memoryMiB, outputMiB } = manifest.resources
  const limits: RunLimits = { cores, memoryMiB, outputMiB, seconds: 600, logBytes: 262_144, ...trial.limits }
  await mkdir(trial.outputDirectory, { recursive: true })
  const outcome = await trial.runtime.run({
    package: local,
    inputs: trial.inputs,
    args: trial.args ?? [],
    role: manifest.role,
    workload: trial.workload ?? ZERO_WORKLOAD,
    prover: trial.prover ?? ZERO_PROVER,
    limits,
    outputDirectory: trial.outputDirectory,
    ...(signal && { signal }),
    ...(onLog && { onLog }),
  })
  const packageBytes = manifest.files.reduce((sum, { size }) => sum + size, 0)
  return { name: manifest.name, role: manifest.role, limits, packageBytes, outcome }
}
