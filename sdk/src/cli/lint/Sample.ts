import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalFile, LocalPackage } from '../../content/index.js'
import { runtimeError } from '../../errors/codes/runtime.js'
import type { RunLimits, RunOutcome, Runtime } from '../../runtime/index.js'

/** For whom a proof is judged, and with what. */
export interface Attempt {
  readonly proof: Uint8Array
  /** Instead of the sample's. */
  readonly publicInputs?: Uint8Array
  /** An input file that is not there. */
  readonly without?: string
  readonly workload?: string
  readonly prover?: string
}

/** One run, and what it was given. */
export interface SampleRun {
  readonly outcome: RunOutcome
  readonly limits: RunLimits
}

/** Options of {@link Sample}. */
export interface SampleOptions {
  readonly runtime: Runtime
  readonly prover: LocalPackage
  readonly verifier: LocalPackage
  /** The input files of one workload. */
  readonly inputs: readonly LocalFile[]
  readonly args: readonly string[]
  /** Seconds that a run may take. */
  readonly seconds: number
  /** An existing directory for files of runs. */
  readonly directory: string
  readonly signal?: AbortSignal
}

const WORKLOAD = `0x${'11'.repeat(32)}`
const PROVER = `0x${'22'.repeat(20)}`

/** One workload's proof, made and judged on this machine, and a way to have others judged. */
export class Sample {
  /** For whom the honest proof is. */
  readonly workload = WORKLOAD
  readonly prover = PROVER
  readonly #options: SampleOptions
  #proved: SampleRun | undefined
  #judged: SampleRun | undefined
  #proof: Uint8Array | undefined
  #publicInputs: Uint8Array | undefined

  private constructor(options: SampleOptions) {
    this.#options = options
  }

  /** Proves once, and has the proof judged. */
  static async take(options: SampleOptions): Promise<Sample> {
    const sample = new Sample(options)
    const given = options.inputs.find(({ name }) => name === 'public_inputs')
    sample.#publicInputs = given && (await readFile(given.path))
    sample.#proved = await sample.#run(options.prover, options.inputs, {}, async (outcome) => {
      const file = outcome.kind === 'ok' ? outcome.files.find(({ name }) => name === 'proof') : undefined
      if (file !== undefined) sample.#proof = await readFile(file.path)
    })
    if (sample.#proof !== undefined) sample.#judged = await sample.#judge({ proof: sample.#proof })
    return sample
  }

  /** How the prover's run went. */
  get proved(): SampleRun | undefined {
    return this.#proved
  }

  /** How the verifier's run went; undefined if there was no proof. */
  get judged(): SampleRun | undefined {
    return this.#judged
  }

  /** The proof, if the verifier accepts it: without one nothing follows from a refusal. */
  get proof(): Uint8Array | undefined {
    return this.#judged?.outcome.kind === 'valid' ? this.#proof : undefined
  }

  /** Names of the input files. */
  get inputNames(): readonly string[] {
    return this.#options.inputs.map(({ name }) => name)
  }

  get publicInputs(): Uint8Array | undefined {
    return this.#publicInputs
  }

  /**
   * What the verifier says.
   * @throws GevulotError RUNTIME_UNAVAILABLE
   */
  async judge(attempt: Attempt): Promise<RunOutcome> {
    return (await this.#judge(attempt)).outcome
  }

  async #judge({ proof, publicInputs, without, ...context }: Attempt): Promise<SampleRun> {
    const { directory, inputs, verifier } = this.#options
    const place = await mkdtemp(join(directory, 'given-'))
    try {
      const write = async (name: string, bytes: Uint8Array): Promise<LocalFile> => {
        await writeFile(join(place, name), bytes)
        return { name, path: join(place, name) }
      }
      const left = publicInputs === undefined ? without : 'public_inputs'
      const others = inputs.filter(({ name }) => name !== left)
      return await this.#run(
        verifier,
        [
          ...others,
          await write('proof', proof),
          ...(publicInputs === undefined ? [] : [await write('public_inputs', publicInputs)]),
        ],
        context,
      )
    } finally {
      await rm(place, { recursive: true, force: true })
    }
  }

  async #run(
    local: LocalPackage,
    inputs: readonly LocalFile[],
    context: Pick<Attempt, 'workload' | 'prover'>,
    look?: (outcome: RunOutcome) => Promise<void>,
  ): Promise<SampleRun> {
    const { runtime, args, seconds, directory, signal } = this.#options
    signal?.throwIfAborted()
    const { role, resources } = local.manifest
    const { cores, memoryMiB, outputMiB } = resources
    const limits: RunLimits = { cores, memoryMiB, outputMiB, seconds, logBytes: 65_536 }
    const outputDirectory = await mkdtemp(join(directory, 'out-'))
    try {
      const outcome = await runtime.run({
        package: local,
        inputs,
        args,
        role,
        workload: this.workload,
        prover: this.prover,
        ...context,
        limits,
        outputDirectory,
        ...(signal && { signal }),
      })
      signal?.throwIfAborted()
      // It says nothing of the program, so that no rule may follow anything from it.
      if (outcome.kind === 'runtime-failed') throw runtimeError('RUNTIME_UNAVAILABLE', outcome.reason)
      await look?.(outcome)
      return { outcome, limits }
    } finally {
      await rm(outputDirectory, { recursive: true, force: true })
    }
  }
}
