import type { WorkloadId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import type { JobStore } from '../store/JobStore.js'
import type { ProofStore } from './ProofStore.js'

/** What a {@link ProofPruner} needs. */
export interface ProofPrunerOptions {
  readonly config: Pick<WorkerConfig, 'keepProofsDays'>
  readonly jobs: Pick<JobStore, 'finishedBefore'>
  readonly proofs: Pick<ProofStore, 'kept' | 'remove'>
  readonly clock: Clock
  readonly log: Logger
}

const PRUNE_MS = 10 * 60_000
const DAY_MS = 86_400_000
/** Workloads that the database is asked about, and that are removed, at a time. */
const AT_ONCE = 500

/**
 * Forgets proofs that nobody will ask for any more; commitments are never forgotten. A loop of its own, as no deadline may wait for it; and it goes by
 * what is kept, not by all that ever ended.
 */
export class ProofPruner {
  readonly #options: ProofPrunerOptions

  constructor(options: ProofPrunerOptions) {
    this.#options = options
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      try {
        await this.prune(signal)
      } catch (error) {
        log.warn('proofs of finished work cannot be looked for', { stage: 'prune', error })
      }
      await clock.sleep(PRUNE_MS, signal).catch(() => undefined)
    }
  }

  /** Removes what is due, until `signal` is aborted. */
  async prune(signal: AbortSignal): Promise<void> {
    const { clock, config, jobs, proofs } = this.#options
    const before = clock.now() - config.keepProofsDays * DAY_MS
    const kept = await proofs.kept()
    for (let at = 0; at < kept.length; at += AT_ONCE) {
      for (const workload of await jobs.finishedBefore(before, kept.slice(at, at + AT_ONCE))) {
        if (signal.aborted) return
        await this.#remove(workload)
      }
    }
  }

  /** What cannot be removed keeps nothing else here; it is tried again with the next round. */
  async #remove(workload: WorkloadId): Promise<void> {
    const { log, proofs } = this.#options
    try {
      await proofs.remove(workload)
    } catch (error) {
      log.warn('a proof of finished work cannot be removed', { workload, stage: 'prune', error })
    }
  }
}
