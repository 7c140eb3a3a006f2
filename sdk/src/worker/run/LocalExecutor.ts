import { createReadStream } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProgramId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { LocalInputs, LocalPackage, ProgramResources } from '../../content/index.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { ResultFile, RunLimits, RunOutcome, Runtime } from '../../runtime/index.js'
import type { BundleStore, FailedRun } from '../bundle/BundleStore.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import type { RunHistory } from '../store/RunHistory.js'
import type { ProofCheck } from './checkOnChain.js'
import type { ContentFetcher } from './ContentFetcher.js'
import { Ended, failed, refused } from './Ended.js'
import { largestOf, type Executor, type OnStage } from './Executor.js'
import { findProof } from './findProof.js'
import { keccakInPieces } from './keccakInPieces.js'
import { proofExcess } from './proofExcess.js'
import type { KeptProof, ProofStore } from './ProofStore.js'
import type { Grant, ResourceLedger } from './ResourceLedger.js'
import { runVerifier } from './runVerifier.js'
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
  readonly clock: Clock
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

  isInTheWay(): boolean {
    return this.#options.ledger.isFull
  }

  async work(order: WorkOrder, onStage: OnStage, signal: AbortSignal): Promise<WorkResult> {
    const directory = join(this.#options.config.dataDirectory, 'work', order.workload)
    try {
      const found = await findProof(this.#options.proofs, order)
      const kept = found ?? (await this.#prove(order, directory, onStage, signal))
      if (!isJudged(order)) await this.#check(order, kept, signal)
      else if (found !== undefined) await this.#checkFound(order, found, directory, signal)
      return { kind: 'proved', proof: kept }
    } catch (error) {
      if (error instanceof Ended) return error.result
      if (signal.aborted) return { kind: 'stopped' }
      if (GevulotError.is(error, 'CONTENT_DISK_FULL')) return { kind: 'refused', why: 'the disk is full' }
      throw error
    } finally {
      this.#made.delete(order.workload)
      this.#options.fetcher.release(order)
      await rm(directory, { recursive: true, force: true }).catch(() => undefined)
    }
  }

  async #prove(order: WorkOrder, directory: string, onStage: OnStage, signal: AbortSignal): Promise<KeptProof> {
    await onStage('fetching')
    await rm(directory, { recursive: true, force: true })
    const { fetcher, ledger, clock } = this.#options
    const program = await fetcher.package(order, order.program.prover, signal)
    // Nobody can be paid for a proof that nobody can judge: better to know before the work than after it.
    const verifier = isJudged(order) && (await fetcher.package(order, order.program.verifierProgram, signal))
    const packages = [program, ...(verifier ? [verifier] : [])]
    const needs = largestOf(packages.map(({ manifest: { resources } }) => resources))
    this.#needs.set(order.programId, needs)
    for (const each of packages) this.#checkResources(each)
    const inputs = await fetcher.inputs(order, join(directory, 'in'), signal)
    if ((await keccakInPieces(createReadStream(inputs.publicInputs.path), clock)) !== order.publicInputs) {
      throw failed('InputsUnavailable', 'the public inputs are not those of the workload')
    }
    // Until the proof is checked: queued again, a proof that is made would wait for the runs of all that came meanwhile.
    return ledger.run(
      needs,
      async (grant) => {
        signal.throwIfAborted()
        await onStage('running')
        const ran = await this.#run(order, program, inputs, partOf(grant, program), directory, signal)
        const kept = await this.#keep({ order, program, inputs, ...ran })
        if (verifier) await this.#judge(order, kept, verifier, inputs, partOf(grant, verifier), directory, signal)
        return kept
      },
      { signal },
    )
  }

  /** Keeps the proof of a run, unless it made none, or one that cannot go where it is judged. */
  async #keep(run: FailedRun): Promise<KeptProof> {
    const { proofs, history, bundles, log } = this.#options
    const { order, outcome, inputs } = run
    const { workload } = order
    await proofs.keepLog(workload, outcome.log)
    await history
      .add(order.programId, order.maxRunTime, outcome.usage.wallSeconds, outcome.kind)
      // No reason to lose what took hours.
      .catch((error: unknown) => log.warn('a run could not be noted', { workload, stage: 'running', error }))
    log.info('program ended', { workload, stage: 'running', ended: outcome.kind, ...outcome.usage })
    const proof = outcome.kind === 'ok' ? outcome.files.find(({ name }) => name === 'proof') : undefined
    if (proof !== undefined) this.#made.set(workload, { ...run, proof: proof.sha256 })
    else if (outcome.kind !== 'aborted') await bundles.keep(run)
    const file = proofFileOf(outcome)
    const excess = proofExcess(order, { publicInputs: inputs.publicInputs.size, proof: file.size })
    if (excess !== undefined) {
      await this.#refused(order, excess)
      throw failed('ProgramFailed', excess)
    }
    return proofs.keep(workload, file.path, await readFile(inputs.publicInputs.path))
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
    const why = await check(order, kept, signal)
    if (why === undefined) return history.judged(order.programId, true)
    await proofs.remove(order.workload)
    await this.#refused(order, why)
    throw failed('ProgramFailed', why)
  }

  /** Remembers what the verifier said, and keeps what the run was made of. */
  async #refused(order: WorkOrder, refused: string, verifier?: LocalPackage): Promise<void> {
    await this.#options.history.judged(order.programId, false)
    const made = this.#made.get(order.workload)
    // A proof of an earlier start has left nothing but itself.
    if (made !== undefined) await this.#options.bundles.keep({ ...made, refused, ...(verifier && { verifier }) })
  }

  /** Has a proof of an earlier start judged, whose inputs are gone. Before runs that have not begun: it is all but done. */
  async #checkFound(order: WorkOrder, kept: KeptProof, directory: string, signal: AbortSignal): Promise<void> {
    const { fetcher, ledger } = this.#options
    const verifier = await fetcher.package(order, order.program.verifierProgram, signal)
    this.#checkResources(verifier)
    await rm(directory, { recursive: true, force: true })
    const inputs = await fetcher.inputs(order, join(directory, 'in'), signal)
    const judge = (grant: Grant): Promise<void> => this.#judge(order, kept, verifier, inputs, grant, directory, signal)
    await ledger.run(verifier.manifest.resources, judge, { signal, isFirst: true })
  }

  /** Asks the verifier program, as the members of the committee will. */
  async #judge(
    order: WorkOrder,
    kept: KeptProof,
    verifier: LocalPackage,
    inputs: LocalInputs,
    grant: Grant,
    directory: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { runtime, history, proofs, config } = this.#options
    const seconds = order.secondsLeft()
    if (seconds < 1) throw failed('OutOfTime', 'no time is left to check the proof')
    const answer = await runVerifier({
      ...{ runtime, verifier, inputs, proof: kept.path, workload: order.workload, prover: order.prover },
      ...{ grant, seconds, logBytes: config.logKiB * 1024, outputDirectory: join(directory, 'verdict'), signal },
    })
    if (answer.kind === 'valid') return history.judged(order.programId, true)
    if (answer.kind === 'unable') throw refused(`the runtime failed: ${answer.why}`)
    await proofs.remove(order.workload)
    await this.#refused(order, answer.reason, verifier)
    throw failed('ProgramFailed', `the verifier program refuses the proof: ${answer.reason}`)
  }
}

/** What one program gets of a grant that is enough for several: as much as it asks for, as on every other machine. */
function partOf({ gpus = [] }: Grant, { manifest: { resources } }: LocalPackage): Grant {
  const { cores, memoryMiB, outputMiB, gpus: count = 0 } = resources
  return { cores, memoryMiB, outputMiB, ...(count > 0 && { gpus: gpus.slice(0, count) }) }
}

/** The proof of a successful run; every other end is classified. */
function proofFileOf(outcome: RunOutcome): ResultFile {
  switch (outcome.kind) {
    case 'ok': {
      const proof = outcome.files.find((file) => file.name === 'proof')
      if (proof === undefined) throw failed('ProgramFailed', 'the program left no proof')
      return proof
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
