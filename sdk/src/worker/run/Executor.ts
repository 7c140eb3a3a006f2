import type { ProgramId, WorkloadId } from '../../chain/index.js'
import type { ProgramResources } from '../../content/index.js'
import type { WorkOrder, WorkResult } from './WorkOrder.js'

/** Called before a stage begins; the caller writes it down. */
export type OnStage = (stage: 'fetching' | 'running') => Promise<void>

/** Turns workloads into checked proofs, here or elsewhere. It knows nothing of slots and sends nothing to the chain. */
export interface Executor {
  /** Whether another program would have to wait for its turn. */
  readonly isBusy: boolean
  /** How many runs of a program go on at the same time, as far as is known what it needs; 0 while nobody is there to run it. */
  atOnce(program: ProgramId): number
  /** Whether some work that was begun has the room that other such work needs, and has to wait for. */
  isInTheWay(workload: WorkloadId, of: WorkloadId): boolean
  /**
   * Does the work; what goes wrong is part of the result. Aborted with {@link NoLongerNeeded} the work is given up everywhere; aborted otherwise,
   * only this process stops waiting for it.
   */
  work(order: WorkOrder, onStage: OnStage, signal: AbortSignal): Promise<WorkResult>
}

/** Why work is stopped that is of no use any more. */
export class NoLongerNeeded extends Error {
  override readonly name = 'AbortError'

  constructor() {
    super('the work is of no use any more')
  }
}

/** What all programs of a workload need, the larger of each. */
export function largestOf(all: readonly ProgramResources[]): Required<ProgramResources> {
  const most = (of: keyof ProgramResources): number => Math.max(...all.map((resources) => resources[of] ?? 0))
  return { cores: most('cores'), memoryMiB: most('memoryMiB'), outputMiB: most('outputMiB'), gpus: most('gpus') }
}
