import type { Address, ProgramId, WorkloadId } from '../../chain/index.js'
import { workerError } from '../../errors/codes/worker.js'
import type { Job } from '../job/Job.js'
import type { JobFacts } from '../job/JobFacts.js'
import type { Logger } from '../log/Logger.js'
import type { Decision, DecisionStore } from '../store/DecisionStore.js'
import type { Dossier } from './Dossier.js'

/** Work that waits for the operator. */
export interface WaitingWork {
  readonly workload: WorkloadId
  readonly program: ProgramId
  readonly requester: Address
  readonly seats: readonly number[]
  /** Token units. */
  readonly fee: bigint
  readonly redundancy: number
  /** Seconds. */
  readonly maxRunTime: number
  /** Seconds that it may take here: the longest of the last runs of the program that had no more time, if there are any. */
  readonly expectedSeconds?: number
  /** Seats that a decline would drop: they have used up their quota of this week. */
  readonly declineDrops: readonly number[]
  /** Chain time, Unix seconds, at which it is declined, or reported where a decline would drop a seat, if nobody has answered. */
  readonly until: number
}

/** Where work waits for the operator's word, in the mode `approve`. Decisions are durable; what waits is found again after a restart. */
export class ApprovalDesk {
  readonly #decisions: DecisionStore
  readonly #log: Logger
  readonly #onDecided: (workload: WorkloadId) => void
  readonly #waiting = new Map<WorkloadId, WaitingWork>()

  /** @param onDecided Looks at a workload again. */
  constructor(decisions: DecisionStore, log: Logger, onDecided: (workload: WorkloadId) => void) {
    this.#decisions = decisions
    this.#log = log
    this.#onDecided = onDecided
  }

  /** What was decided about a workload. */
  decisionOf(workload: WorkloadId): Promise<Decision | undefined> {
    return this.#decisions.find(workload)
  }

  /** Puts work before the operator; says so once. */
  ask(
    { workload, seat }: Job,
    { spec, terms }: Dossier,
    facts: Pick<JobFacts, 'expectedSeconds' | 'declineDrops'>,
    until: number,
  ): void {
    const { expectedSeconds } = facts
    const before = this.#waiting.get(workload)
    const seats = [...new Set([...(before?.seats ?? []), seat])].sort((a, b) => a - b)
    const others = before?.declineDrops.filter((other) => other !== seat) ?? []
    const declineDrops = facts.declineDrops === true ? [...others, seat] : others
    const { program, requester } = spec
    const { fee, redundancy, maxRunTime } = terms
    const offer = {
      program,
      requester,
      fee,
      redundancy,
      maxRunTime,
      ...(expectedSeconds !== undefined && { expectedSeconds }),
      declineDrops,
    }
    this.#waiting.set(workload, { workload, seats, ...offer, until })
    if (before === undefined)
      this.#log.warn('work waits for approval', { workload, seat, stage: 'assigned', ...offer, until })
  }

  /** Work does not wait any more. */
  drop(workload: WorkloadId): void {
    this.#waiting.delete(workload)
  }

  /** What waits, the most urgent first. */
  get waiting(): readonly WaitingWork[] {
    return [...this.#waiting.values()].sort((a, b) => a.until - b.until)
  }

  /**
   * Takes the operator's word.
   * @throws GevulotError WORKER_NOTHING_WAITS
   */
  async decide(workload: WorkloadId, decision: Decision): Promise<void> {
    const earlier = await this.#decisions.find(workload)
    if (!this.#waiting.has(workload) && earlier !== decision) {
      const why = earlier === undefined ? 'it does not wait for approval' : `the answer was: ${earlier}`
      throw workerError('WORKER_NOTHING_WAITS', `nothing can be decided about ${workload}: ${why}`)
    }
    await this.#decisions.record(workload, decision)
    this.drop(workload)
    this.#log.info(`work ${decision === 'approve' ? 'approved' : 'declined'} by the operator`, {
      workload,
      stage: 'assigned',
    })
    this.#onDecided(workload)
  }
}
