import { once } from 'node:events'

import type { WorkloadId } from '../../sdk/src/chain/index.js'
import type { Executor, OnStage } from '../../sdk/src/worker/run/Executor.js'
import type { KeptProof } from '../../sdk/src/worker/run/ProofStore.js'
import type { WorkOrder, WorkResult } from '../../sdk/src/worker/run/WorkOrder.js'

/** Runs nothing: what it is given stands at the stage that a test says, until it is stopped. */
export class HeldExecutor implements Executor {
  isBusy = false
  /** What all work has come to when it begins, as after an earlier start. */
  made: KeptProof | undefined
  readonly #stages = new Map<WorkloadId, OnStage>()

  atOnce(): number {
    return 1
  }

  isInTheWay(): boolean {
    return this.isBusy
  }

  async work({ workload }: WorkOrder, onStage: OnStage, signal: AbortSignal): Promise<WorkResult> {
    await onStage('fetching')
    if (this.made !== undefined) return { kind: 'proved', proof: this.made }
    this.#stages.set(workload, onStage)
    if (!signal.aborted) await once(signal, 'abort')
    this.#stages.delete(workload)
    return { kind: 'stopped' }
  }

  /** Waits until work was given to it. */
  async has(workload: WorkloadId): Promise<void> {
    while (!this.#stages.has(workload)) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  /** Has the program of a workload run, as far as anybody can tell. */
  async run(workload: WorkloadId): Promise<void> {
    await this.has(workload)
    await this.#stages.get(workload)?.('running')
  }
}
