import type { WorkloadState } from '../../chain/index.js'
import type { ChainTime } from '../chain/ChainTime.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { JobState } from '../job/transitions.js'
import type { Logger } from '../log/Logger.js'
import type { Executor } from '../run/Executor.js'
import type { JobStore } from '../store/JobStore.js'
import type { RelayReach } from '../publish/RelayReach.js'
import type { RunHistory } from '../store/RunHistory.js'
import type { ChainFacts } from './ChainFacts.js'
import type { Dossier } from './Dossier.js'
import { rateOf, refusalOf, type Policy } from './refusalOf.js'
import type { SeatBook } from './SeatBook.js'

/** What a {@link Claimer} needs. */
export interface ClaimerOptions {
  readonly config: Policy & Pick<WorkerConfig, 'claimOpen' | 'claimMinimumRate' | 'claimKnown' | 'safetySeconds'>
  readonly chain: ChainFacts
  readonly seats: SeatBook
  readonly jobs: JobStore
  readonly history: RunHistory
  readonly executor: Executor
  readonly reach: Pick<RelayReach, 'excess'>
  readonly time: ChainTime
  readonly log: Logger
}

/** States in which a job needs its seat: from the commit on the seat is free for other work. */
const NEEDS_SEAT: readonly JobState[] = ['assigned', 'fetching', 'running', 'proved']
const LOOK_AGAIN_SECONDS = 15
/** Short workloads are looked at more often: that many times in their run time. */
const LOOKS = 20

/** Takes up work for open slots of others, with seats and capacity that are idle. */
export class Claimer {
  readonly #options: ClaimerOptions

  constructor(options: ClaimerOptions) {
    this.#options = options
  }

  /**
   * Adds a job for an open slot if there is one that can be won. The caller has checked that no seat of ours is in the workload.
   * @returns When to look again (chain time), or `never` before something happens to the workload.
   */
  async reconcile(dossier: Dossier, state: WorkloadState): Promise<number | 'never'> {
    const { config, chain, jobs, executor, reach, time, log } = this.#options
    if (!config.claimOpen || config.mode !== 'auto' || state.phase !== 'Proving') return 'never'
    const now = time.now()
    if (state.closedEarly || now > state.deadline) return 'never'
    if (!(await this.#isWanted(dossier))) return 'never'
    const later = now + Math.min(LOOK_AGAIN_SECONDS, Math.ceil(dossier.terms.maxRunTime / LOOKS))
    const known = await chain.program(dossier.spec.program)
    const excess = known && (await reach.excess(known.program))
    if (excess !== undefined) return excess.isPassing ? later : 'never'
    if ((await chain.openSlots(dossier.workload)) === 0 || executor.isBusy) return later
    if (!(await this.#isEnoughTime(dossier, state, now))) return 'never'
    const seat = await this.#idleSeat(dossier.terms.class)
    if (seat === undefined) return later
    await jobs.add({ workload: dossier.workload, seat }, true)
    log.info('working for an open slot', { workload: dossier.workload, seat, stage: 'assigned' })
    return now
  }

  /** An open slot pays whoever is first, so an operator may ask more for it, or leave it to those that know the program. */
  async #isWanted(dossier: Dossier): Promise<boolean> {
    const { config, chain, history } = this.#options
    const { program } = dossier.spec
    if (rateOf(dossier.terms) < BigInt(config.claimMinimumRate)) return false
    if (config.claimKnown && !(await history.isKnown(program))) return false
    const refused = await history.refusals(program)
    const known = await chain.program(program)
    return refusalOf(config, dossier, known, refused) === undefined
  }

  /** A run that was never timed is tried while most of the time is left. */
  async #isEnoughTime({ spec, terms }: Dossier, state: WorkloadState, now: number): Promise<boolean> {
    const { config, history } = this.#options
    const expected = (await history.runTimes(spec.program, terms.maxRunTime))?.longest ?? terms.maxRunTime / 4
    const safety = Math.min(config.safetySeconds, Math.ceil(terms.maxRunTime / 10))
    return now + expected <= state.deadline - safety
  }

  async #idleSeat(hardwareClass: number): Promise<number | undefined> {
    const { seats, jobs } = this.#options
    const taken = new Set(
      (await jobs.unfinished()).filter(({ state }) => NEEDS_SEAT.includes(state)).map(({ seat }) => seat),
    )
    for (const { seat, class: own } of await seats.seats()) {
      if (own === hardwareClass && !taken.has(seat) && (await seats.isIdle(seat))) return seat
    }
    return undefined
  }
}
