import {
  commitmentOf,
  readSlot,
  readWorkloadState,
  ZERO_BYTES32,
  type Contracts,
  type EventBatch,
  type SlotView,
  type WorkloadId,
  type WorkloadState,
} from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { Bell } from '../Bell.js'
import type { ChainTime } from '../chain/ChainTime.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Act } from '../job/Act.js'
import { decide } from '../job/decide.js'
import { isOver } from '../job/transitions.js'
import type { Job, JobKey } from '../job/Job.js'
import type { JobFacts } from '../job/JobFacts.js'
import type { Logger } from '../log/Logger.js'
import type { RelayReach } from '../publish/RelayReach.js'
import type { TxSigner } from '../publish/TxSigner.js'
import type { ProofStore } from '../run/ProofStore.js'
import type { CommitmentJournal } from '../store/CommitmentJournal.js'
import type { EventStore } from '../store/EventStore.js'
import type { JobStore } from '../store/JobStore.js'
import type { RunHistory } from '../store/RunHistory.js'
import type { Agenda } from './Agenda.js'
import type { ApprovalDesk } from './ApprovalDesk.js'
import type { ChainFacts } from './ChainFacts.js'
import type { Claimer } from './Claimer.js'
import type { DeclineQuota } from './DeclineQuota.js'
import { dossierOf, isDrawn, newestOf, type Dossier } from './Dossier.js'
import type { JobActor } from './JobActor.js'
import type { Keeper } from './Keeper.js'
import { refusalOf } from './refusalOf.js'
import type { SeatBook } from './SeatBook.js'
import type { Workshop } from './Workshop.js'

/** What a {@link Coordinator} needs. */
export interface CoordinatorOptions {
  readonly config: WorkerConfig
  readonly contracts: Contracts
  readonly events: EventStore
  readonly jobs: JobStore
  readonly journal: CommitmentJournal
  readonly history: RunHistory
  readonly proofs: ProofStore
  readonly signer: TxSigner
  readonly chain: ChainFacts
  readonly seats: SeatBook
  readonly actor: JobActor
  readonly workshop: Workshop
  readonly desk: ApprovalDesk
  readonly quota: DeclineQuota
  readonly keeper: Keeper
  readonly reach: Pick<RelayReach, 'excess'>
  readonly claimer: Claimer
  readonly agenda: Agenda
  readonly time: ChainTime
  readonly clock: Clock
  readonly log: Logger
  /** Told after every round that ended. */
  readonly onReconciled?: () => void
}

// Workloads looked at together; each costs a few requests to the endpoint.
const AT_ONCE = 8
const RETRY_SECONDS = 3
/** Longest round, in milliseconds, give or take the last few workloads. */
const ROUND_MS = 5_000
/**
 * Blocks in which whoever is not down reports silence: the longest window for it is three days, with a block in 12 seconds. What ended
 * before has been looked at, by this worker and all others; a network that is years old has millions of such workloads.
 */
const REPORTED_WITHIN = 25_000
// Slots for which the proof of an ended job may be asked for again.
const HOLDS: readonly SlotView['state'][] = ['Assigned', 'Accepted', 'Committed']
const DAY_MS = 86_400_000
/** What this machine's clock and the chain's time may be apart, milliseconds. */
const APART_MS = 3_600_000

/**
 * Compares chain and records and does the next missing thing for each workload; running it twice does no harm. Events
 * only say which workloads to look at: nothing is ever done because of an event alone.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions
  readonly #bell: Bell
  readonly #watched = new Set<WorkloadId>()
  /** For which work it was last said that a seat has used up its declines. */
  readonly #saidUsedUp = new Map<number, WorkloadId>()

  constructor(options: CoordinatorOptions) {
    this.#options = options
    this.#bell = new Bell(options.clock)
  }

  /**
   * Puts everything that may need attention on the agenda, at the start. Also what was closed lately: what took its end back may have been stored just
   * before the last run broke off, or nobody have heard of it, and a seat is slashed for silence after the workload's end too.
   */
  async lookAtEverything(): Promise<void> {
    await this.#lookAtClosed(this.#options.clock.now() - DAY_MS)
    await this.#lookAtOpen()
  }

  async #lookAtClosed(since: number): Promise<void> {
    const { agenda, jobs } = this.#options
    for (const workload of await jobs.closedSince(since)) agenda.touch(workload)
  }

  async #lookAtOpen(): Promise<void> {
    const { agenda, events, jobs, config } = this.#options
    for (const { workload } of await jobs.unfinished()) {
      agenda.prefer(workload)
      agenda.touch(workload)
    }
    for (const workload of await events.liveWorkloads()) agenda.touch(workload)
    // Silence is reported after a workload has ended, too.
    if (config.keeper) for (const workload of await events.endedWithin(REPORTED_WITHIN)) agenda.touch(workload)
    this.wake()
  }

  /** Takes note of what the follower has stored. */
  async onBatch(batch: EventBatch): Promise<void> {
    const { agenda, chain, seats, signer } = this.#options
    if (batch.kind === 'reorg') {
      chain.refresh()
      seats.refresh()
      // An act that is undone after a workload's end leaves no event that says so.
      if (batch.because === 'replaced') await this.#lookAtClosed(await this.#beforeAll(batch.redoFrom))
      return this.#lookAtOpen()
    }
    for (const event of batch.events) {
      if (event.name === 'Staked') seats.refresh()
      if (event.name === 'Assigned' && event.args.candidates.some(({ operator }) => operator === signer.operator))
        agenda.prefer(event.args.workload)
      if ('workload' in event.args) agenda.touch(event.args.workload)
    }
    this.wake()
  }

  /** A time (milliseconds) before all that was closed by what a block or a later one had shown: of the last day, whatever that block was. */
  async #beforeAll(block: number): Promise<number> {
    const { clock, contracts } = this.#options
    const now = clock.now()
    // The last one that stayed.
    const kept = await contracts.provider.getBlock(block - 1).catch(() => null)
    return Math.max(now - DAY_MS, kept === null ? 0 : Math.min(now, kept.timestamp * 1000) - APART_MS)
  }

  /** Looks at a workload soon. */
  touch(workload: WorkloadId): void {
    this.#options.agenda.touch(workload)
    this.wake()
  }

  /** Reconciles soon. */
  wake(): void {
    this.#bell.ring()
  }

  /** Reconciles whenever woken and at every tick, never twice at a time, until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, log } = this.#options
    while (!signal.aborted) {
      try {
        await this.reconcile(signal)
      } catch (error) {
        log.error('reconciling failed', { stage: 'reconcile', error })
      }
      await this.#bell.wait(config.pollMs, signal)
    }
  }

  /** Handles what is due. What comes meanwhile may go before the rest, and a round has an end whatever comes. */
  async reconcile(signal: AbortSignal): Promise<void> {
    const { agenda, clock, time } = this.#options
    if (time.now() === 0) return
    const end = clock.elapsed() + ROUND_MS
    while (!signal.aborted) {
      const due = agenda.take(time.now(), AT_ONCE)
      if (due.length === 0) break
      await Promise.all(due.map((workload) => this.#workload(workload)))
      if (clock.elapsed() < end) continue
      this.wake()
      break
    }
    this.#options.onReconciled?.()
  }

  async #workload(workload: WorkloadId): Promise<void> {
    const { agenda, log, time } = this.#options
    try {
      const next = await this.#reconcileWorkload(workload)
      if (next === 'never') agenda.prefer(workload, false)
      agenda.putBack(workload, next, time.now())
    } catch (error) {
      const isPassing = error instanceof GevulotError && error.retryable
      log[isPassing ? 'warn' : 'error']('a workload could not be looked at', { workload, stage: 'reconcile', error })
      agenda.putBack(workload, time.now() + RETRY_SECONDS, time.now())
    }
  }

  async #reconcileWorkload(workload: WorkloadId): Promise<number | 'never'> {
    const { agenda, config, contracts, events, jobs, keeper, claimer, seats } = this.#options
    const dossier = dossierOf(workload, await events.ofWorkload(workload))
    if (dossier === undefined) return this.#withoutSubmission(workload)
    const own = new Set((await seats.seats()).map(({ seat }) => seat))
    const drawn = [...own].filter((seat) => isDrawn(dossier, seat))
    if (config.mode === 'watch') return this.#onlyWatch(workload, drawn)
    for (const seat of drawn) await this.#take({ workload, seat })
    const ours = await jobs.ofWorkload(workload)
    const isInteresting = ours.length > 0 || config.keeper || config.claimOpen
    if (!isInteresting) return 'never'
    const state = await readWorkloadState(contracts, workload)
    const times: (number | 'never')[] = []
    for (const job of ours) times.push(await this.#advance(job, dossier, state))
    agenda.prefer(
      workload,
      times.some((at) => at !== 'never'),
    )
    times.push(await keeper.reconcile(dossier, state, ours.length > 0))
    if (ours.length === 0) times.push(await claimer.reconcile(dossier, state))
    const finite = times.filter((at) => at !== 'never')
    return finite.length === 0 ? 'never' : Math.min(...finite)
  }

  /** Makes the job of a seat that was drawn, and says so. */
  async #take(key: JobKey): Promise<void> {
    const { jobs, log } = this.#options
    const have = await jobs.find(key)
    // It was at work for an open slot, and a reorg has drawn it for one of its own, for which it has to answer.
    if (have?.open === true) await jobs.note(key, { open: false })
    if (have !== undefined) return
    await jobs.add(key, false)
    log.info('job assigned', { ...key, stage: 'assigned' })
  }

  /** Says once that a seat was drawn for which nobody answers. */
  #onlyWatch(workload: WorkloadId, drawn: readonly number[]): 'never' {
    if (drawn.length > 0 && !this.#watched.has(workload)) {
      this.#watched.add(workload)
      const message = 'drawn while only watching: a seat that nobody answers for is slashed'
      this.#options.log.error(message, { workload, seats: drawn, stage: 'assigned' })
    }
    return 'never'
  }

  /** A reorg took the submission away, or blocks are being read again: only the chain knows. */
  async #withoutSubmission(workload: WorkloadId): Promise<number | 'never'> {
    const { jobs, actor, contracts, time } = this.#options
    const open = (await jobs.ofWorkload(workload)).filter((job) => !job.closed)
    if (open.length === 0) return 'never'
    const { phase } = await readWorkloadState(contracts, workload)
    if (phase !== 'None') return time.now() + RETRY_SECONDS
    for (const job of open) await actor.abandon(job, 'the submission was undone')
    return 'never'
  }

  async #advance(job: Job, dossier: Dossier, state: WorkloadState): Promise<number | 'never'> {
    const { actor, config, contracts, time } = this.#options
    const facts = this.#withStanding(job, await this.#factsOf(job, dossier, state), dossier)
    const act = decide(job, facts, config)
    if (act.do === 'fail' || act.do === 'decline') {
      // A reorg between two reads makes facts that never were together, and these acts cannot be taken back: they need a second look.
      const again = await this.#factsOf(job, dossier, await readWorkloadState(contracts, job.workload))
      if (decide(job, this.#withStanding(job, again, dossier), config).do !== act.do) return time.now() + 1
      // Other work has ended or begun between two looks at the same room.
      if (act.do === 'decline' && again.declineDrops === undefined) return time.now() + 1
    }
    if (facts.declineDrops === true && act.do !== 'ask') this.#sayUsedUp(job, act.do)
    if (job.closed && act.do === 'close') return 'never'
    // To wait is to do nothing; of a closed job not even to drop what the operator is asked for another seat.
    if (!(job.closed && act.do === 'wait')) await actor.perform(act, job, dossier, facts)
    if (act.do === 'close') return 'never'
    if (act.do === 'ask') return act.until
    if (act.do === 'place') return time.now() + RETRY_SECONDS
    return act.do === 'wait' ? (act.until ?? time.now() + RETRY_SECONDS) : time.now() + 1
  }

  /** Says once for each work that its seat has no decline left, and what follows. */
  #sayUsedUp({ workload, seat, state }: Job, act: Act['do']): void {
    if (this.#saidUsedUp.get(seat) === workload) return
    this.#saidUsedUp.set(seat, workload)
    const about = { workload, seat, stage: state, act }
    const { log } = this.#options
    if (act === 'decline') log.error('the operator declines above the quota of this week: the seat is dropped', about)
    else log.warn('the seat has used up its declines of this week: one more would drop it, so none is sent', about)
  }

  /** Added last, with nothing waited for until the act begins: two workloads must not both find the same room free. */
  #withStanding({ open }: Job, facts: JobFacts, dossier: Dossier): JobFacts {
    return { ...facts, ...this.#options.workshop.standingOf(dossier, open) }
  }

  /** The registry is asked for declines only where one is about to be made, or the operator to be asked. */
  async #factsOf(job: Job, dossier: Dossier, workload: WorkloadState): Promise<JobFacts> {
    const { config, quota } = this.#options
    const facts = await this.#read(job, dossier, workload)
    const act = decide(job, this.#withStanding(job, facts, dossier), config)
    if (act.do !== 'decline' && act.do !== 'ask') return facts
    return { ...facts, declineDrops: await quota.isUsedUp(job.seat) }
  }

  async #read(job: Job, dossier: Dossier, workload: WorkloadState): Promise<JobFacts> {
    const { config, contracts, chain, desk, history, journal, proofs, reach, signer, time } = this.#options
    const [slot, rules, openSlots, known, commitment, runTimes, refused, decision] = await Promise.all([
      readSlot(contracts, job.workload, job.seat),
      chain.rules(dossier.terms.rules),
      // An own slot needs it only where its proof might be sent in the open.
      (job.open || workload.redundancy === 1) && workload.phase === 'Proving' ? chain.openSlots(job.workload) : 0,
      chain.program(dossier.spec.program),
      journal.find(job),
      history.runTimes(dossier.spec.program, dossier.terms.maxRunTime),
      history.refusals(dossier.spec.program),
      desk.decisionOf(job.workload),
    ])
    const unwanted = decision === 'decline' ? 'the operator declined it' : refusalOf(config, dossier, known, refused)
    // Others are asked only while there is something to answer.
    const isAsked = job.state === 'assigned' && slot.state === 'Assigned'
    const excess = unwanted === undefined && isAsked && known ? await reach.excess(known.program) : undefined
    const refusal = unwanted ?? excess?.why
    const proofKept =
      commitment !== undefined &&
      isOver(job.state) &&
      HOLDS.includes(slot.state) &&
      (await proofs.find(job.workload))?.digest === commitment.proofDigest
    const committed = newestOf(dossier, 'Committed', job.seat)
    const settled = newestOf(dossier, 'SlotSettled', job.seat)
    return {
      now: time.now(),
      workload,
      slot,
      rules,
      terms: dossier.terms,
      bindsProver: known?.program.bindsProver ?? false,
      drawKnown: dossier.events.some(({ name }) => name === 'Assigned'),
      drawn: isDrawn(dossier, job.seat),
      declined: newestOf(dossier, 'Declined', job.seat) !== undefined,
      openSlots,
      finished: dossier.events.some(({ name }) => name === 'Finished'),
      deliverable: config.inboxes.length > 0 && dossier.spec.deliveryKey !== ZERO_BYTES32,
      operatorDeclined: decision === 'decline',
      unapproved: config.mode === 'approve' && decision === undefined,
      ...(commitment && { commitment: commitmentOf({ ...commitment, operator: signer.operator }) }),
      proofKept,
      ...(committed && { commitDepth: time.block - committed.at.block }),
      ...(settled && { settlement: { rank: settled.args.rank, paid: settled.args.paid } }),
      ...(refusal !== undefined && { refusal }),
      refusalPasses: excess?.isPassing === true,
      ...(runTimes && { expectedSeconds: runTimes.longest, leastSeconds: runTimes.shortest }),
    }
  }
}
