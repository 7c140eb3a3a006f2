import type { LocalFile, LocalPackage } from '../content/index.js'
import type { Gpu } from './gpu/findGpus.js'
import type { RunOutcome } from './RunOutcome.js'

/** The runtimes there are. Source: design section 8. */
export type RuntimeName = 'nanos' | 'linux' | 'bubblewrap'

/** What a run may use. */
export interface RunLimits {
  /** Wall-clock seconds from the program's start; enforced from outside. */
  readonly seconds: number
  readonly cores: number
  /** Memory of the program, all processes and threads together. */
  readonly memoryMiB: number
  /** All of `/out`. */
  readonly outputMiB: number
  /** Cards lent to the program alone, as many as its manifest asks for; only `nanos` can. */
  readonly gpus?: readonly Gpu[]
  /** Bytes of log to keep: the first and the last half of them. */
  readonly logBytes: number
}

/** One run of a program. Source: docs/program-contract.md. */
export interface RunJob {
  readonly package: LocalPackage
  /** Files of `/in`: those of the workload, for a verifier also `proof`. */
  readonly inputs: readonly LocalFile[]
  readonly args: readonly string[]
  /** Must be the role of the package. */
  readonly role: 'prove' | 'verify'
  /** The workload's id, 0x-hex. */
  readonly workload: string
  /** The prover's address, 0x-hex. */
  readonly prover: string
  /** What ties `result.json` to this run; default 16 random bytes. Hexadecimal. */
  readonly nonce?: string
  readonly limits: RunLimits
  /** An existing directory of the caller; the result files of an `ok` run appear here under their names. */
  readonly outputDirectory: string
  readonly signal?: AbortSignal
  /** The program's output as it comes, control characters escaped; capped like the log. */
  readonly onLog?: (text: string) => void
}

/** Whether a runtime can work on this machine, and if not, what to do about it. */
export type RuntimeCheck =
  | {
      readonly available: true
      readonly details: Readonly<Record<string, string>>
      /** What works worse than it could, and what to do about it. */
      readonly warning?: string
    }
  | {
      readonly available: false
      readonly reason: string
      readonly fix: string
      /** Whether a test program only took too long: a busy machine may do it the next time. */
      readonly isLate?: boolean
    }

/**
 * Runs programs of strangers. All runtimes pass one conformance suite (`test/runtime/conformance.test.ts`); any number
 * of processes may use one at the same time.
 */
export interface Runtime {
  readonly name: RuntimeName
  /** Tries the runtime for real; nothing is changed on the machine beside caches. */
  check(): Promise<RuntimeCheck>
  /**
   * Runs a program to its end. How the program behaves never makes this reject.
   * @throws GevulotError RUNTIME_JOB_INVALID, RUNTIME_UNAVAILABLE; CONTENT_DISK_FULL when this machine has no room for what the program writes
   */
  run(job: RunJob): Promise<RunOutcome>
}
