import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../clock.js'
import type { ContentSource } from '../../content/index.js'
import type { PackageCache } from '../../content/PackageCache.js'
import type { Runtime } from '../../runtime/index.js'
import { BundleStore } from '../bundle/BundleStore.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import { ContentFetcher } from '../run/ContentFetcher.js'
import type { OnStage } from '../run/Executor.js'
import { LocalExecutor } from '../run/LocalExecutor.js'
import { ProofStore } from '../run/ProofStore.js'
import { ResourceLedger, type Grant } from '../run/ResourceLedger.js'
import type { WorkOrder } from '../run/WorkOrder.js'
import type { TaskResult } from './messages.js'
import type { TakenTask } from './RunnerQueue.js'
import type { DeliveredProof } from './TaskQueue.js'

/** The part of a configuration that a runner works by. */
export type RunConfig = Pick<
  WorkerConfig,
  | 'dataDirectory'
  | 'mode'
  | 'runtime'
  | 'accel'
  | 'runs'
  | 'cores'
  | 'memoryMiB'
  | 'outputMiB'
  | 'logKiB'
  | 'maxContentMiB'
  | 'fetchSeconds'
  | 'keepBundles'
  | 'bundleMiB'
>

/** What a {@link TaskRun} needs. */
export interface TaskRunOptions {
  readonly config: RunConfig
  readonly runtime: Runtime
  readonly packages: PackageCache
  readonly sources: (uris: readonly string[]) => ContentSource
  readonly clock: Clock
  readonly log: Logger
  /** Told of every run of a program. */
  readonly onRun: (outcome: string, seconds: number) => void
}

/** What came of a task, to be delivered. */
export interface TaskOutcome {
  readonly result: TaskResult
  readonly proof?: DeliveredProof
}

const MOST_WHY = 2_000

/** Proves one task with what was granted for it, on this machine. */
export class TaskRun {
  readonly #options: TaskRunOptions

  constructor(options: TaskRunOptions) {
    this.#options = options
  }

  /** @returns What came of it; undefined when it was aborted. */
  async run(task: TakenTask, grant: Grant, onStage: OnStage, signal: AbortSignal): Promise<TaskOutcome | undefined> {
    const { config, runtime, packages, sources, clock, log } = this.#options
    const { chainId } = task.order
    const place = this.#placeOf(task)
    const proofs = new ProofStore(join(place, 'proofs'))
    const seen = recorder(this.#options.onRun)
    const executor = new LocalExecutor({
      ...{ config: { ...config, dataDirectory: place }, runtime, proofs, clock, log, history: seen.history },
      // It asked for this much and gets no more.
      ledger: new ResourceLedger({ ...grant, gpus: grant.gpus ?? [], runs: 1 }),
      fetcher: new ContentFetcher({ config, packages, sources, clock, log }),
      bundles: new BundleStore({ config, chainId, runtime: runtime.name, clock, log }),
    })
    const result = await executor.work(this.#orderOf(task), onStage, signal)
    if (result.kind === 'stopped') return undefined
    const { workload } = task.order
    const common = { ...seen.figures(), log: await proofs.readLog(workload) }
    if (result.kind !== 'proved')
      return { result: { ...result, ...common, why: result.why.slice(0, MOST_WHY) } as TaskResult }
    const { digest, proof, publicInputs } = result.proof
    return { result: { kind: 'proved', digest, ...common }, proof: { proof, publicInputs } }
  }

  /** Removes what a task has left here: it is delivered, or nobody wants it. */
  async clear(task: TakenTask): Promise<void> {
    await rm(this.#placeOf(task), { recursive: true, force: true })
  }

  /** Not the workload's: two accounts may have seats in it, and a proof is of one prover. */
  #placeOf({ id }: TakenTask): string {
    return join(this.#options.config.dataDirectory, 'runner', 'tasks', id)
  }

  #orderOf({ order, milliseconds }: TakenTask): WorkOrder {
    const { clock } = this.#options
    const end = clock.elapsed() + milliseconds
    const { chainId: _, endsAt: __, ...rest } = order
    return { ...rest, maxRunTime: milliseconds / 1000, secondsLeft: () => Math.floor((end - clock.elapsed()) / 1000) }
  }
}

/** Stands where the coordinator keeps its history: the runner tells it what was seen. */
function recorder(onRun: TaskRunOptions['onRun']) {
  const runs: { seconds: number; outcome: string }[] = []
  let judged: boolean | undefined
  return {
    history: {
      add: (_program: unknown, _maxRunTime: unknown, seconds: number, outcome: string) => {
        runs.push({ seconds, outcome })
        onRun(outcome, seconds)
        return Promise.resolve()
      },
      judged: (_program: unknown, accepted: boolean) => {
        judged = accepted
        return Promise.resolve()
      },
    },
    figures: () => ({ runs: runs.slice(-16), ...(judged !== undefined && { judged }) }),
  }
}
