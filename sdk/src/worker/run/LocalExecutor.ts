import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { keccak256 } from 'ethers'
import type { ProgramId } from '../../chain/index.js'
import type { LocalInputs, LocalPackage, ProgramResources } from '../../content/index.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { RunLimits, RunOutcome, Runtime } from '../../runtime/index.js'
import type { BundleStore, FailedRun } from '../bundle/BundleStore.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import type { RunHistory } from '../store/RunHistory.js'
import type { ProofCheck } from './checkOnChain.js'
import type { ContentFetcher } from './ContentFetcher.js'
import { Ended, failed, refused } from './Ended.js'
import type { Executor, OnStage } from './Executor.js'
import type { KeptProof, ProofStore } from './ProofStore.js'
import type { Grant, ResourceLedger } from './ResourceLedger.js'
import { runVerifier, type VerifierAnswer } from './runVerifier.js'
import { isJudged, type WorkOrder, type WorkResult } from './WorkOrder.js'

/** What a {@link LocalExecutor} needs. */
export interface LocalExecutorOptions {
  readonly config: Pick<WorkerConfig, 'logKiB' | 'dataDirectory'>
  /** Asks the verifier contract; none: whoever gave the order does. */
  readonly check?: ProofCheck
  readonly runtime: Runtime
  readonly ledger: ResourceLedger
  readonly fetcher: ContentFetcher
  readonly proofs: ProofStore
  readonly history: Pick<RunHistory, 'add' | 'judged'>
  readonly bundles: BundleStore
  readonly log: Logger
}

/** A run, and what it was given. */
interface Ran {
  readonly outcome: RunOutcome
  readonly limits: RunLimits
}

/** Proves on this machine: fetch, run, check. A proof that is on disk from an earlier start is only checked again. */
export class LocalExecutor implements Executor {
  readonly #options: LocalExecutorOptions
  /** Runs that made a proof, until it is checked. */
  readonly #made = new Map<string, FailedRun>()
  /** What programs need, once fetched. */
  readonly #needs = new Map<ProgramId, ProgramResources>()

  constructor(options: LocalExecutorOptions) {
    this.#options = options
  }

  get isBusy(): boolean {
    return this.#options.ledger.isFull
  }

  atOnce(program: ProgramId): number {
    const { ledger } = this.#options
    const needs = this.#needs.get(program)
    return needs === undefined ? ledger.runs : ledger.atOnce(needs)
  }

  async work(order: WorkOrder, onStage: OnStage, signal: AbortSignal): Promise<WorkResult> {
    const directory = join(this.#options.config.dataDirectory, 'work', order.workload)
    try {
      const kept =
        (await this.#options.proofs.find(order.workload)) ?? (await this.#prove(order, directory, onStage, signal))
      if (isJudged(order)) await this.#checkWithProgram(order, kept, directory, signal)
      else await this.#check(order, kept, signal)
      return { kind: 'proved', proof: kept }
    } catch (error) {
      if (error instanceof Ended) return error.result
      if (signal.aborted) return { kind: 'stopped' }
      if (GevulotError.is(error, 'CONTENT_DISK_FULL')) return { kind: 'refused', why: 'the disk is full' }
      throw error
    } finally {
      this.#made.delete(order.workload)
      await rm(directory, { recursive: true, force: true }).catch(() => undefined)
    }
  }

  async #prove(order: WorkOrder, directory: string, onStage: OnStage, signal: AbortSignal): Promise<KeptProof> {
    await onStage('fetching')
    await rm(directory, { recursive: true, force: true })
    const { fetcher } = this.#options
    const program = await fetcher.package(order, order.program.prover, signal)
    this.#needs.set(order.programId, program.manifest.resources)
    const inputs = await fetcher.inputs(order, join(directory, 'in'), signal)
    // Nobody can be paid for a proof that nobody can judge: better to know before the work than after it.
    if (isJudged(order)) {
      this.#checkResources(await fetcher.package(order, order.program.verifierProgram, signal))
    }
    const publicInputs = await readFile(inputs.publicInputs.path)
    if (keccak256(publicInputs) !== order.publicInputs) {
      throw failed('InputsUnavailable', 'the public inputs are not those of the workload')
    }
    this.#checkResources(program)
    return this.#options.ledger.run(program.manifest.resources, async (grant) => {
      signal.throwIfAborted()
      await onStage('running')
      const { outcome, limits } = await this.#run(order, program, inputs, grant, directory, signal)
      await this.#options.proofs.keepLog(order.workload, outcome.log)
      await this.#options.history.add(order.programId, outcome.usage.wallSeconds, outcome.kind)
      this.#options.log.info('program ended', {
        workload: order.workload,
        stage: 'running',
        ended: outcome.kind,
        ...outcome.usage,
      })
      const run: FailedRun = { order, program, inputs, limits, outcome }
      const proof = outcome.kind === 'ok' ? outcome.files.find(({ name }) => name === 'proof') : undefined
      if (proof !== undefined) this.#made.set(order.workload, { ...run, proof: proof.sha256 })
      else if (outcome.kind !== 'aborted') await this.#options.bundles.keep(run)
      const proofFile = proofFileOf(outcome)
      return this.#options.proofs.keep(order.workload, proofFile, publicInputs)
    })
  }

  #checkResources({ manifest: { resources } }: LocalPackage): void {
    const why = this.#options.ledger.refusal(resources)
    if (why !== undefined) throw refused(why)
  }

  // ─── Run ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #run(
    order: WorkOrder,
    program: LocalPackage,
    inputs: LocalInputs,
    grant: Grant,
    directory: string,
    signal: AbortSignal,
  ): Promise<Ran> {
    const outputDirectory = join(directory, 'out')
    await mkdir(outputDirectory, { recursive: true })
    const attempt = async (): Promise<Ran> => {
      const seconds = order.secondsLeft()
      if (seconds < 1) throw failed('OutOfTime', 'no time is left to run the program')
      const limits = { ...grant, seconds, logBytes: this.#options.config.logKiB * 1024 }
      const outcome = await this.#options.runtime.run({
        package: program,
        inputs: inputs.files,
        args: inputs.args,
        role: 'prove',
        workload: order.workload,
        prover: order.prover,
        limits,
        outputDirectory,
        signal,
      })
      return { outcome, limits }
    }
    try {
      const ran = await attempt()
      const { outcome } = ran
      if (outcome.kind !== 'runtime-failed') return ran
      this.#options.log.warn('the runtime failed; once more', {
        workload: order.workload,
        stage: 'running',
        why: outcome.reason,
      })
      return await attempt()
    } catch (error) {
      if (GevulotError.is(error, 'RUNTIME_JOB_INVALID')) throw failed('ProgramFailed', error.message)
      if (GevulotError.is(error, 'RUNTIME_UNAVAILABLE')) throw refused(error.message)
      throw error
    }
  }

  // ─── Check ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #check(order: WorkOrder, kept: KeptProof, signal: AbortSignal): Promise<void> {
    const { check, history, proofs } = this.#options
    if (check === undefined) return
    if (await check(order, kept, signal)) return history.judged(order.programId, true)
    await proofs.remove(order.workload)
    await this.#refused(order, 'the verifier contract')
    throw failed('ProgramFailed', 'the verifier refuses the proof')
  }

  /** Remembers what the verifier said, and keeps what the run was made of. */
  async #refused(order: WorkOrder, refused: string, verifier?: LocalPackage): Promise<void> {
    await this.#options.history.judged(order.programId, false)
    const made = this.#made.get(order.workload)
    // A proof of an earlier start has left nothing but itself.
    if (made !== undefined) await this.#options.bundles.keep({ ...made, refused, ...(verifier && { verifier }) })
  }

  /** Asks the verifier program, as the members of the committee will. */
  async #checkWithProgram(order: WorkOrder, kept: KeptProof, directory: string, signal: AbortSignal): Promise<void> {
    const { fetcher } = this.#options
    const verifier = await fetcher.package(order, order.program.verifierProgram, signal)
    this.#checkResources(verifier)
    // The proof may be of an earlier start, whose inputs are gone.
    await rm(join(directory, 'in'), { recursive: true, force: true })
    const inputs = await fetcher.inputs(order, join(directory, 'in'), signal)
    const answer = await this.#options.ledger.run<VerifierAnswer>(verifier.manifest.resources, async (grant) => {
      const seconds = order.secondsLeft()
      if (seconds < 1) throw failed('OutOfTime', 'no time is left to check the proof')
      return runVerifier({
        runtime: this.#options.runtime,
        verifier,
        inputs,
        proof: kept.path,
        workload: order.workload,
        prover: order.prover,
        grant,
        seconds,
        logBytes: this.#options.config.logKiB * 1024,
        outputDirectory: join(directory, 'verdict'),
        signal,
      })
    })
    if (answer.kind === 'valid') return this.#options.history.judged(order.programId, true)
    if (answer.kind === 'unable') throw refused(`the runtime failed: ${answer.why}`)
    await this.#options.proofs.remove(order.workload)
    await this.#refused(order, answer.reason, verifier)
    throw failed('ProgramFailed', `the verifier program refuses the proof: ${answer.reason}`)
  }
}

/** The proof of a successful run; every other end is classified. */
function proofFileOf(outcome: RunOutcome): string {
  switch (outcome.kind) {
    case 'ok': {
      const proof = outcome.files.find((file) => file.name === 'proof')
      if (proof === undefined) throw failed('ProgramFailed', 'the program left no proof')
      return proof.path
    }
    case 'timeout':
      throw failed('OutOfTime', 'the program ran out of time')
    case 'aborted':
      throw new Ended({ kind: 'stopped' })
    case 'runtime-failed':
      throw refused(`the runtime failed: ${outcome.reason}`)
    case 'program-error':
      throw failed('ProgramFailed', `the program says: ${outcome.text.slice(0, 500)}`)
    case 'no-result':
      throw failed('ProgramFailed', `no result: ${outcome.reason}`)
    case 'crash':
    case 'out-of-memory':
    case 'disk-full':
    case 'valid':
    case 'invalid':
      throw failed('ProgramFailed', `the program ended as ${outcome.kind}`)
  }
}
