import { commitmentOf, ZERO_BYTES32, type Contracts, type Hex, type WorkloadId } from '../../chain/index.js'
import { verdictOn } from '../../chain/verdictOn.js'
import type { Delivery } from '../../client/delivery/DeliveryInbox.js'
import type { Clock } from '../../clock.js'
import { sealProof } from '../../crypto/index.js'
import type { Act } from '../job/Act.js'
import type { Job } from '../job/Job.js'
import type { JobFacts, JobPolicy } from '../job/JobFacts.js'
import { lastWaitSecond } from '../job/decide.js'
import { canBecome, isOver, type JobState } from '../job/transitions.js'
import type { Logger } from '../log/Logger.js'
import type { Outbox } from '../publish/Outbox.js'
import type { RelayReach } from '../publish/RelayReach.js'
import type { TxOutcome, TxRequest } from '../publish/TxOutcome.js'
import type { TxSigner } from '../publish/TxSigner.js'
import type { KeptProof, ProofStore } from '../run/ProofStore.js'
import type { Commitment, CommitmentJournal } from '../store/CommitmentJournal.js'
import type { JobChange, JobStore } from '../store/JobStore.js'
import type { RunHistory } from '../store/RunHistory.js'
import type { ApprovalDesk } from './ApprovalDesk.js'
import type { ChainFacts } from './ChainFacts.js'
import type { Courier } from './Courier.js'
import { newestOf, type Dossier } from './Dossier.js'
import type { MarketCalls, ProofForCommittee } from './MarketCalls.js'
import { Pauses } from './Pauses.js'
import type { ProofPlacer } from './ProofPlacer.js'
import type { Workshop } from './Workshop.js'

/** What a {@link JobActor} needs. */
export interface JobActorOptions {
  readonly contracts: Contracts
  readonly chain: ChainFacts
  readonly calls: MarketCalls
  readonly jobs: JobStore
  readonly journal: CommitmentJournal
  readonly proofs: ProofStore
  readonly history: Pick<RunHistory, 'shown'>
  readonly publisher: Outbox
  readonly reach: Pick<RelayReach, 'excess'>
  readonly policy: Pick<JobPolicy, 'safetySeconds'>
  readonly signer: TxSigner
  readonly workshop: Workshop
  readonly desk: ApprovalDesk
  readonly courier: Courier
  readonly placer: ProofPlacer
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

// Nobody is paid for a proof that ends like this, and no later attempt ends better.
const USELESS_PROOFS = new Set(['CONTRACT_PROOF_NOT_VALID', 'CHAIN_TRANSACTION_TOO_LARGE'])

/** Of the statement that writes the copy of a proof. */
const MOST_FAILURES = 3

const AT_WORK: readonly JobState[] = ['assigned', 'fetching', 'running']

/** Does what was decided for a job: writes the new state, then acts. Each act can be repeated without harm. */
export class JobActor {
  readonly #options: JobActorOptions
  readonly #pauses: Pauses
  /** Where it was said that a revealed proof is gone. */
  readonly #saidGone = new Set<WorkloadId>()
  /** Where it was said that a commitment waits. */
  readonly #saidWaiting = new Set<WorkloadId>()
  /** How often in a row the copy of a proof could not be written. */
  readonly #unshared = new Map<WorkloadId, number>()

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
        return workshop.start(dossier, workload.deadline, job.open, facts.expectedSeconds)
      case 'accept':
        await workshop.start(dossier, workload.deadline, job.open, facts.expectedSeconds)
        return this.#publish(job, dossier, calls.accept(job, workload.deadline))
      case 'decline':
        await this.#become(job, 'declined', { why: act.why })
        await this.#stopUnlessShared(job)
        return this.#publish(job, dossier, calls.decline(job, dossier, silentAt))
      case 'fail': {
        await this.#become(job, 'failed', { why: act.why, failReason: act.reason })
        await this.#stopUnlessShared(job)
        // Only an unanswered slot has a last second for its answer.
        const deadline = facts.slot.state === 'Assigned' ? silentAt : undefined
        return this.#publish(job, dossier, calls.fail(job, dossier, act.reason, deadline))
      }
      case 'commit':
        return this.#commit(job, dossier, facts)
      case 'submit':
        return this.#submit(job, dossier, facts)
      case 'deliver':
        return this.#deliver(job, dossier)
      case 'reveal':
        return this.#reveal(job, dossier, facts)
      case 'place':
        return this.#place(job)
      case 'clear':
        return this.#publish(job, dossier, calls.clear(job, dossier))
      case 'become':
        // Before the workload ends: until then more of the program may come.
        if (facts.slot.state === 'Invalid') await this.#options.history.shown(dossier.spec.program, job, 'refused')
        await this.#become(job, act.state, { why: act.why })
        if (isOver(act.state)) await this.#stopUnlessShared(job)
        return this.#options.onChange(dossier)
      case 'close':
        return this.#close(act, job, dossier, facts)
    }
  }

  /** Ends a job whose workload is not on the chain any more. */
  async abandon(job: Job, why: string): Promise<void> {
    const { workshop, desk } = this.#options
    workshop.stop(job.workload)
    desk.drop(job.workload)
    if (canBecome(job.state, 'lost')) await this.#become(job, 'lost', { why, closed: true })
    else await this.#options.jobs.note(job, { closed: true })
    await this.#letGo(job)
  }

  // ─── Acts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #commit(job: Job, dossier: Dossier, facts: JobFacts): Promise<void> {
    const { calls } = this.#options
    const { workload } = facts
    const commitment = await this.#promise(job, dossier, facts)
    if (commitment === undefined) return
    const value = this.#valueOf(commitment)
    const request = job.open
      ? calls.commitOpen(job, dossier, value, workload.deadline)
      : calls.commit(job, value, workload.deadline)
    return this.#publish(job, dossier, request)
  }

  async #submit(job: Job, dossier: Dossier, facts: JobFacts): Promise<void> {
    const { workload } = facts
    const commitment = await this.#promise(job, dossier, facts)
    const kept = commitment && (await this.#proofOf(job, commitment))
    if (kept === undefined) return
    const { calls, chain } = this.#options
    const pin = await chain.pin(dossier.spec.program)
    return this.#publish(job, dossier, calls.submit(job, dossier, pin, kept, workload.deadline))
  }

  async #reveal(job: Job, dossier: Dossier, { workload, rules, now }: JobFacts): Promise<void> {
    const { calls, chain, journal, placer } = this.#options
    const until = workload.deadline + rules.revealDelay + rules.revealWindow
    const isLate = now > until - rules.revealWindow / 2
    // One that an earlier run has signed may be mined any moment, and its committee looks for the proof.
    if (this.#isHeldUp(calls.keyOfReveal(job))) return workload.judged ? this.#place(job) : undefined
    // The proof is not even read meanwhile: it may be large.
    if (placer.isWaiting(job.workload, isLate)) return
    const commitment = await journal.find(job)
    const kept = commitment && (await this.#proofOf(job, commitment))
    if (commitment === undefined || kept === undefined) return
    const { salt } = commitment
    const shown = workload.judged ? this.#forCommittee(job, kept, salt, isLate) : undefined
    if (workload.judged && shown === undefined) return
    const request =
      shown === undefined
        ? calls.reveal(job, dossier, await chain.pin(dossier.spec.program), kept, salt, until)
        : calls.revealToCommittee(job, dossier, shown, until)
    await this.#become(job, 'revealed', { why: 'commits are closed' })
    return this.#publish(job, dossier, request)
  }

  /**
   * A short proof goes into the event; a longer one into the stores, where every validator must be able to get it.
   * @returns undefined while it is better to wait for a store: the URI in the reveal is for good.
   */
  #forCommittee(
    { workload, seat }: Job,
    { digest, path, proof }: KeptProof,
    salt: Hex,
    isLate: boolean,
  ): ProofForCommittee | undefined {
    const { placer, log } = this.#options
    if (proof.length <= MAX_INLINE_PROOF) return { digest, salt, proof, uri: '' }
    placer.begin(workload, { path, digest })
    const uri = placer.uriOf(workload, isLate)
    if (uri === undefined) return undefined
    const missing = placer.missing(workload)
    if (isLate && missing.length > 0) {
      const what = 'a proof is revealed before every store has it, as half of the window is over'
      log.error(`${what}: what validators cannot fetch counts as invalid`, { workload, seat, stage: 'reveal', missing })
    }
    return { digest, salt, proof: new Uint8Array(), uri }
  }

  /** Begins to place what is revealed, or about to be, if nobody has since this process started: an earlier one may have ended before every store had it. */
  async #place(job: Job): Promise<void> {
    const { journal, log, placer, proofs } = this.#options
    const { workload, seat } = job
    if (placer.isBegun(workload) || this.#saidGone.has(workload)) return
    const load = await proofs.loadOf(workload)
    if (load !== undefined && load.proof <= MAX_INLINE_PROOF) return
    const [commitment, kept] = [await journal.find(job), await proofs.find(workload)]
    if (kept !== undefined && kept.digest === commitment?.proofDigest) {
      if (kept.proof.length > MAX_INLINE_PROOF) placer.begin(workload, kept)
      return
    }
    this.#saidGone.add(workload)
    const what = 'a revealed proof is not here any more, so it goes into no store that lacks it'
    log.error(`${what}: what validators cannot fetch counts as invalid`, { workload, seat, stage: 'reveal' })
  }

  async #deliver(job: Job, dossier: Dossier): Promise<void> {
    const { journal, courier, signer, contracts, jobs, onChange } = this.#options
    const { deliveryKey } = dossier.spec
    switch (courier.standingOf(job)) {
      case 'under way':
        return
      case 'ended':
        await jobs.note(job, { delivered: true })
        return courier.forget(job)
      case undefined:
    }
    const commitment = await journal.find(job)
    const kept = commitment && (await this.#proofOf(job, commitment))
    if (commitment === undefined || kept === undefined || deliveryKey === ZERO_BYTES32) return
    const seal = async (): Promise<Delivery> => {
      const sealed = sealProof({ proof: kept.proof, salt: commitment.salt }, deliveryKey)
      const domain = { chainId: contracts.chainId, market: contracts.addresses.market }
      return signer.signDelivery(domain, { workload: job.workload, seat: job.seat, sealed })
    }
    courier.begin(job, seal, () => onChange(dossier))
  }

  async #close(
    { state, why }: Extract<Act, { readonly do: 'close' }>,
    job: Job,
    dossier: Dossier,
    { settlement }: JobFacts,
  ): Promise<void> {
    const { history, jobs, log } = this.#options
    const reveal = newestOf(dossier, 'Revealed', job.seat) ?? newestOf(dossier, 'RevealedToCommittee', job.seat)
    const verdict = reveal && verdictOn(reveal, dossier.events)
    if (verdict !== undefined) await history.shown(dossier.spec.program, job, verdict ? 'valid' : 'refused')
    // Before it is closed: what is closed is never looked at again, and should a statement fail here it all is.
    await this.#stopUnlessShared(job)
    await this.#letGo(job)
    if (state === job.state) await jobs.note(job, { closed: true })
    else await this.#become(job, state, { why, closed: true, ...settlement })
    log.info('job closed', { workload: job.workload, seat: job.seat, stage: state, why, paid: settlement?.paid })
  }

  // ─── Steps ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Puts the proof into the commitment journal, then the job into `committed`: from here on no other proof can be sent. */
  async #promise(job: Job, dossier: Dossier, facts: JobFacts): Promise<Commitment | undefined> {
    const commitment = (await this.#options.journal.find(job)) ?? (await this.#record(job, dossier, facts))
    if (typeof commitment === 'string') {
      await this.#become(job, job.open ? 'lost' : 'failed', { why: commitment, failReason: 'OutOfTime' })
      return undefined
    }
    if (commitment === undefined) return undefined
    await this.#become(job, 'committed', { why: 'proved', proofDigest: commitment.proofDigest })
    return commitment
  }

  /** Records a commitment to the proof that was made, or says why none is made; undefined while it is better to wait. */
  async #record(job: Job, { spec }: Dossier, facts: JobFacts): Promise<Commitment | string | undefined> {
    const { chain, journal, log, policy, proofs, reach } = this.#options
    const kept = await proofs.find(job.workload)
    if (kept === undefined) return 'the proof is gone'
    // Relays, or the account's gas money, may have changed since it was checked.
    const known = await chain.program(spec.program)
    const excess = known && (await reach.excess(known.program, kept.publicInputs, kept.proof))
    if (excess !== undefined) {
      if (!excess.isPassing || facts.now >= lastWaitSecond(facts, policy)) return excess.why
      if (this.#saidWaiting.has(job.workload)) return undefined
      this.#saidWaiting.add(job.workload)
      const about = { workload: job.workload, seat: job.seat, stage: 'commit', why: excess.why }
      log.warn('a proof is not committed to yet: nobody would show it now', about)
      return undefined
    }
    await this.#share(job, kept)
    return journal.record(job, kept.digest, kept.path)
  }

  /**
   * Whoever takes over must find the proof of each commitment that it finds. A server that takes commitments and, however often it is asked, not the proof
   * shall not cost the rank too.
   */
  async #share({ workload, seat }: Job, kept: KeptProof): Promise<void> {
    const failures = this.#unshared.get(workload) ?? 0
    try {
      await this.#options.proofs.share(workload, kept)
      this.#unshared.delete(workload)
    } catch (error) {
      this.#unshared.set(workload, failures + 1)
      if (failures + 1 < MOST_FAILURES) throw error
      const what = 'the database server takes no copy of a proof, which is committed to all the same'
      this.#options.log.error(`${what}: without this machine it cannot be revealed`, {
        ...{ workload, seat, stage: 'commit', error },
      })
    }
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
  async #stopUnlessShared(job: Job): Promise<void> {
    const isShared = (await this.#others(job)).some(({ state, closed }) => !closed && AT_WORK.includes(state))
    if (!isShared) this.#options.workshop.stop(job.workload)
  }

  async #others({ workload, seat }: Job): Promise<readonly Job[]> {
    return (await this.#options.jobs.ofWorkload(workload)).filter((job) => job.seat !== seat)
  }

  /** Nobody waits for its proof any more; in the stores other seats of ours may still show the same one. */
  async #letGo(job: Job): Promise<void> {
    const { courier, placer } = this.#options
    courier.forget(job)
    if (!(await this.#others(job)).every(({ closed }) => closed)) return
    placer.stop(job.workload)
    this.#saidGone.delete(job.workload)
    this.#saidWaiting.delete(job.workload)
    this.#unshared.delete(job.workload)
  }

  /** Writes a transition, unless the job is there already or the table has no such way. */
  async #become(job: Job, state: JobState, change: JobChange): Promise<void> {
    if (!canBecome(job.state, state)) return
    await this.#options.jobs.transition(job, state, change)
    this.#options.log.info(`job ${state}`, { workload: job.workload, seat: job.seat, stage: state, why: change.why })
  }

  async #publish(job: Job, dossier: Dossier, request: TxRequest): Promise<void> {
    const { publisher, onChange } = this.#options
    if (this.#isHeldUp(request.key)) return
    // Not awaited: other workloads must not wait for this one's block.
    void publisher
      .publish(request)
      .then((outcome) => this.#onOutcome(job, dossier, request, outcome))
      .catch((error: unknown) =>
        this.#options.log.error('an outcome could not be handled', { ...request.about, error }),
      )
      .finally(() => onChange(dossier))
  }

  /** Whether an act is under way, or failed a moment ago. */
  #isHeldUp(key: string): boolean {
    return this.#options.publisher.isPending(key) || !this.#pauses.isOver(key)
  }

  async #onOutcome(job: Job, dossier: Dossier, { key }: TxRequest, outcome: TxOutcome): Promise<void> {
    const { jobs } = this.#options
    if (outcome.kind === 'mined') return this.#pauses.end(key)
    this.#pauses.lengthen(key)
    if (outcome.kind !== 'reverted' && outcome.kind !== 'failed') return
    const now = await jobs.find(job)
    if (now === undefined) return
    const { error } = outcome
    if (outcome.kind === 'reverted' && now.open && LOST_RACES.has(error.code)) {
      await this.#become(now, 'lost', { why: error.message, closed: true })
    } else if ((await this.#isRefusedAgain(job, dossier, key, outcome)) || USELESS_PROOFS.has(error.code)) {
      await this.#become(now, 'failed', { why: error.message, failReason: 'ProgramFailed' })
    }
  }

  /**
   * Counts a proof that was sent in the open and refused against its program. A verifier may say yes whenever it is merely asked: what reverts in a block for
   * no reason that can be found is tried once more, and no third time, as each costs all the gas that the verifier may use.
   */
  async #isRefusedAgain(job: Job, { spec }: Dossier, key: string, outcome: TxOutcome): Promise<boolean> {
    if (outcome.kind !== 'reverted' || !key.startsWith('submit/')) return false
    const { cause, code } = outcome.error
    // With a cause nobody could be asked for the reason: there may be one that is not the proof's.
    const isBare = code === 'CHAIN_TRANSACTION_REVERTED' && outcome.hash !== undefined && cause === undefined
    if (!isBare && code !== 'CONTRACT_PROOF_NOT_VALID') return false
    return this.#options.history.shown(spec.program, job, isBare ? 'reverted' : 'refused')
  }
}
