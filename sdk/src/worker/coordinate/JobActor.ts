import { commitmentOf, ZERO_BYTES32, type Contracts, type Hex, type WorkloadState } from '../../chain/index.js'
import type { DeliveryInbox } from '../../client/delivery/DeliveryInbox.js'
import type { ContentStore } from '../../content/index.js'
import type { Clock } from '../../clock.js'
import { sealProof } from '../../crypto/index.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Act } from '../job/Act.js'
import type { Job } from '../job/Job.js'
import type { JobFacts } from '../job/JobFacts.js'
import { canBecome, isOver, type JobState } from '../job/transitions.js'
import type { Logger } from '../log/Logger.js'
import type { Outbox } from '../publish/Outbox.js'
import type { TxOutcome, TxRequest } from '../publish/TxOutcome.js'
import type { TxSigner } from '../publish/TxSigner.js'
import type { KeptProof, ProofStore } from '../run/ProofStore.js'
import type { Commitment, CommitmentJournal } from '../store/CommitmentJournal.js'
import type { JobChange, JobStore } from '../store/JobStore.js'
import type { ApprovalDesk } from './ApprovalDesk.js'
import type { ChainFacts } from './ChainFacts.js'
import type { Dossier } from './Dossier.js'
import type { MarketCalls, ProofForCommittee } from './MarketCalls.js'
import { Pauses } from './Pauses.js'
import { placeProof } from './placeProof.js'
import type { Workshop } from './Workshop.js'

/** What a {@link JobActor} needs. */
export interface JobActorOptions {
  readonly contracts: Contracts
  readonly chain: ChainFacts
  readonly calls: MarketCalls
  readonly jobs: JobStore
  readonly journal: CommitmentJournal
  readonly proofs: ProofStore
  readonly publisher: Outbox
  readonly signer: TxSigner
  readonly workshop: Workshop
  readonly desk: ApprovalDesk
  readonly inboxes: readonly DeliveryInbox[]
  /** Where proofs are put that a committee has to fetch, and what it is told about them. */
  readonly proofStores: readonly ContentStore[]
  readonly proofUri: string
  readonly clock: Clock
  readonly log: Logger
  /** Something ended; look at the workload again. */
  readonly onChange: (dossier: Dossier) => void
}

// Mirrors `Proving.MAX_INLINE_PROOF`.
const MAX_INLINE_PROOF = 1024

// A competitor was faster: an open slot's commit that reverts like this never gets in.
const LOST_RACES = new Set([
  'CONTRACT_NO_OPEN_SLOT',
  'CONTRACT_ALREADY_COMMITTED',
  'CONTRACT_TOO_MANY_COMMITS',
  'CONTRACT_SEAT_NOT_ELIGIBLE',
  'CONTRACT_COMMITS_CLOSED_ALREADY',
])

const AT_WORK: readonly JobState[] = ['assigned', 'fetching', 'running']

/** Does what was decided for a job: writes the new state, then acts. Each act can be repeated without harm. */
export class JobActor {
  readonly #options: JobActorOptions
  readonly #pauses: Pauses

  constructor(options: JobActorOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /** Performs an act. Resolves when it is under way; whether it succeeded is read from the chain later. */
  async perform(act: Act, job: Job, dossier: Dossier, facts: JobFacts): Promise<void> {
    const { calls, workshop, desk } = this.#options
    const { workload } = facts
    if (act.do === 'ask') return desk.ask(job, dossier, facts, act.until)
    desk.drop(job.workload)
    const silentAt = workload.startedAt + facts.rules.silenceWindow
    switch (act.do) {
      case 'wait':
        return
      case 'work':
        return workshop.start(dossier, workload.deadline, facts.expectedSeconds)
      case 'accept':
        await workshop.start(dossier, workload.deadline, facts.expectedSeconds)
        return this.#publish(job, dossier, calls.accept(job, workload.deadline))
      case 'decline':
        await this.#become(job, 'declined', { why: act.why })
        await this.#stopUnlessShared(job)
        return this.#publish(job, dossier, calls.decline(job, dossier, silentAt))
      case 'fail': {
        workshop.stop(job.workload)
        await this.#become(job, 'failed', { why: act.why, failReason: act.reason })
        // Only an unanswered slot has a last second for its answer.
        const deadline = facts.slot.state === 'Assigned' ? silentAt : undefined
        return this.#publish(job, dossier, calls.fail(job, dossier, act.reason, deadline))
      }
      case 'commit':
        return this.#commit(job, dossier, workload)
      case 'submit':
        return this.#submit(job, dossier, workload)
      case 'deliver':
        return this.#deliver(job, dossier)
      case 'reveal':
        return this.#reveal(job, dossier, facts)
      case 'clear':
        return this.#publish(job, dossier, calls.clear(job, dossier))
      case 'become':
        if (isOver(act.state)) workshop.stop(job.workload)
        await this.#become(job, act.state, { why: act.why })
        return this.#options.onChange(dossier)
      case 'close':
        return this.#close(job, act.state, act.why, facts)
    }
  }

  /** Ends a job whose workload is not on the chain any more. */
  async abandon(job: Job, why: string): Promise<void> {
    this.#options.workshop.stop(job.workload)
    if (canBecome(job.state, 'lost')) await this.#become(job, 'lost', { why, closed: true })
    else await this.#options.jobs.note(job, { closed: true })
  }

  // ─── Acts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #commit(job: Job, dossier: Dossier, workload: WorkloadState): Promise<void> {
    const { calls } = this.#options
    const commitment = await this.#promise(job)
    if (commitment === undefined) return
    const value = this.#valueOf(commitment)
    const request = job.open
      ? calls.commitOpen(job, dossier, value, workload.deadline)
      : calls.commit(job, value, workload.deadline)
    return this.#publish(job, dossier, request)
  }

  async #submit(job: Job, dossier: Dossier, workload: WorkloadState): Promise<void> {
    const commitment = await this.#promise(job)
    const kept = commitment && (await this.#proofOf(job, commitment))
    if (kept === undefined) return
    const { calls, chain } = this.#options
    const pin = await chain.pin(dossier.spec.program)
    return this.#publish(job, dossier, calls.submit(job, dossier, pin, kept, workload.deadline))
  }

  async #reveal(job: Job, dossier: Dossier, { workload, rules }: JobFacts): Promise<void> {
    const { calls, chain, journal } = this.#options
    const commitment = await journal.find(job)
    const kept = commitment && (await this.#proofOf(job, commitment))
    if (commitment === undefined || kept === undefined) return
    const until = workload.deadline + rules.revealDelay + rules.revealWindow
    const { salt } = commitment
    const request = workload.judged
      ? calls.revealToCommittee(job, dossier, await this.#forCommittee(job, kept, salt), until)
      : calls.reveal(job, dossier, await chain.pin(dossier.spec.program), kept, salt, until)
    await this.#become(job, 'revealed', { why: 'commits are closed' })
    return this.#publish(job, dossier, request)
  }

  /** A short proof goes into the event; a longer one into the stores, where every validator must be able to get it. */
  async #forCommittee(job: Job, { digest, path, proof }: KeptProof, salt: Hex): Promise<ProofForCommittee> {
    const { proofStores, proofUri, log } = this.#options
    if (proof.length <= MAX_INLINE_PROOF) return { digest, salt, proof, uri: '' }
    const { uri, failures } = await placeProof(proofStores, { path, digest }, proofUri)
    if (failures.length > 0 || proofStores.length === 0) {
      const about = { workload: job.workload, seat: job.seat, stage: 'reveal', error: failures[0] }
      const what = 'a proof is not in every store, or one does not say where it is'
      log.error(`${what}: what validators cannot fetch counts as invalid`, about)
    }
    return { digest, salt, proof: new Uint8Array(), uri }
  }

  async #deliver(job: Job, { spec }: Dossier): Promise<void> {
    const { journal, inboxes, signer, contracts, jobs, log } = this.#options
    const commitment = await journal.find(job)
    const kept = commitment && (await this.#proofOf(job, commitment))
    if (commitment === undefined || kept === undefined || spec.deliveryKey === ZERO_BYTES32) return
    const about = { workload: job.workload, seat: job.seat, stage: 'deliver' }
    try {
      const sealed = sealProof({ proof: kept.proof, salt: commitment.salt }, spec.deliveryKey)
      const domain = { chainId: contracts.chainId, market: contracts.addresses.market }
      const delivery = await signer.signDelivery(domain, { workload: job.workload, seat: job.seat, sealed })
      const done = await Promise.allSettled(inboxes.map((inbox) => inbox.put(delivery)))
      const failure = done.find((result) => result.status === 'rejected')
      if (failure !== undefined && done.every((result) => result.status === 'rejected')) throw failure.reason
      log.info('the sealed proof is delivered', about)
    } catch (error) {
      // The reveal brings the proof anyway, so one attempt is enough.
      log.warn('the sealed proof cannot be delivered', { ...about, error })
    }
    await jobs.note(job, { delivered: true })
  }

  async #close(job: Job, state: JobState, why: string, facts: JobFacts): Promise<void> {
    const { workshop, jobs, log } = this.#options
    workshop.stop(job.workload)
    const { settlement } = facts
    if (state === job.state) await jobs.note(job, { closed: true })
    else await this.#become(job, state, { why, closed: true, ...settlement })
    log.info('job closed', { workload: job.workload, seat: job.seat, stage: state, why, paid: settlement?.paid })
  }

  // ─── Steps ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Puts the proof into the commitment journal, then the job into `committed`: from here on no other proof can be sent. */
  async #promise(job: Job): Promise<Commitment | undefined> {
    const { proofs, journal } = this.#options
    const onRecord = await journal.find(job)
    const kept = onRecord === undefined ? await proofs.find(job.workload) : undefined
    const commitment = onRecord ?? (kept && (await journal.record(job, kept.digest, kept.path)))
    if (commitment === undefined) {
      await this.#become(job, job.open ? 'lost' : 'failed', { why: 'the proof is gone', failReason: 'OutOfTime' })
      return undefined
    }
    await this.#become(job, 'committed', { why: 'proved', proofDigest: commitment.proofDigest })
    return commitment
  }

  /** The proof that was committed to; a damaged or missing file is as bad as no proof. */
  async #proofOf(job: Job, commitment: Commitment): Promise<KeptProof | undefined> {
    const kept = await this.#options.proofs.find(job.workload)
    if (kept?.digest === commitment.proofDigest) return kept
    const about = { workload: job.workload, seat: job.seat, stage: job.state }
    this.#options.log.error('the committed proof is not on disk any more', about)
    await this.#become(job, 'expired', { why: 'the proof is gone' })
    return undefined
  }

  #valueOf(commitment: Commitment): bigint {
    return commitmentOf({ ...commitment, operator: this.#options.signer.operator })
  }

  /** Stops work that no other seat of ours still does for this workload. */
  async #stopUnlessShared({ workload }: Job): Promise<void> {
    const { jobs, workshop } = this.#options
    const isShared = (await jobs.ofWorkload(workload)).some(({ state, closed }) => !closed && AT_WORK.includes(state))
    if (!isShared) workshop.stop(workload)
  }

  /** Writes a transition, unless the job is there already or the table has no such way. */
  async #become(job: Job, state: JobState, change: JobChange): Promise<void> {
    if (!canBecome(job.state, state)) return
    await this.#options.jobs.transition(job, state, change)
    this.#options.log.info(`job ${state}`, { workload: job.workload, seat: job.seat, stage: state, why: change.why })
  }

  async #publish(job: Job, dossier: Dossier, request: TxRequest): Promise<void> {
    const { publisher, onChange } = this.#options
    if (publisher.isPending(request.key) || !this.#pauses.isOver(request.key)) return
    // Not awaited: other workloads must not wait for this one's block.
    void publisher
      .publish(request)
      .then((outcome) => this.#onOutcome(job, request, outcome))
      .catch((error: unknown) =>
        this.#options.log.error('an outcome could not be handled', { ...request.about, error }),
      )
      .finally(() => onChange(dossier))
  }

  async #onOutcome(job: Job, { key }: TxRequest, outcome: TxOutcome): Promise<void> {
    const { jobs } = this.#options
    if (outcome.kind === 'mined') return this.#pauses.end(key)
    this.#pauses.lengthen(key)
    if (outcome.kind !== 'reverted') return
    const now = await jobs.find(job)
    if (now === undefined) return
    if (now.open && LOST_RACES.has(outcome.error.code)) {
      await this.#become(now, 'lost', { why: outcome.error.message, closed: true })
    } else if (GevulotError.is(outcome.error, 'CONTRACT_PROOF_NOT_VALID')) {
      await this.#become(now, 'failed', { why: outcome.error.message, failReason: 'ProgramFailed' })
    }
  }
}
