import {
  asChainError,
  readCommittee,
  readJudgment,
  toAddress,
  type Address,
  type CommitteeMember,
  type Contracts,
  type EventBatch,
  type Judgment,
  type VerdictDomain,
  type WorkloadId,
} from '../chain/index.js'
import type { Clock } from '../clock.js'
import { GevulotError } from '../errors/GevulotError.js'
import { Bell } from '../worker/Bell.js'
import type { ChainTime } from '../worker/chain/ChainTime.js'
import { Agenda } from '../worker/coordinate/Agenda.js'
import type { Appellant } from '../worker/coordinate/Appellant.js'
import type { ChainFacts } from '../worker/coordinate/ChainFacts.js'
import type { CommitteeCalls } from '../worker/coordinate/CommitteeCalls.js'
import { dossierOf, type Dossier } from '../worker/coordinate/Dossier.js'
import { Pauses } from '../worker/coordinate/Pauses.js'
import type { SeatBook } from '../worker/coordinate/SeatBook.js'
import type { Logger } from '../worker/log/Logger.js'
import type { Outbox } from '../worker/publish/Outbox.js'
import type { TxSigner } from '../worker/publish/TxSigner.js'
import type { EventStore } from '../worker/store/EventStore.js'
import type { ValidatorConfig } from './config/ValidatorConfig.js'
import { askPeer } from './exchange/askPeer.js'
import { ballotsOf, type Bench } from './exchange/ballotsOf.js'
import type { VerdictShelf } from './exchange/VerdictShelf.js'
import { caseOf, isTimeToJudge } from './judge/caseOf.js'
import type { JudgeRoom } from './judge/JudgeRoom.js'
import type { Ballot } from './post/Ballot.js'
import { decidePost } from './post/decidePost.js'
import { turnOf } from './post/turnOf.js'
import type { VerdictJournal, VerdictKey } from './verdict/VerdictJournal.js'

/** What a {@link Clerk} needs. */
export interface ClerkOptions {
  readonly config: Pick<ValidatorConfig, 'peers' | 'turnSeconds' | 'pollMs'>
  readonly contracts: Contracts
  readonly domain: VerdictDomain
  readonly events: EventStore
  readonly chain: ChainFacts
  readonly seats: SeatBook
  readonly signer: TxSigner
  readonly publisher: Outbox
  readonly calls: CommitteeCalls
  readonly appellant: Appellant
  readonly journal: VerdictJournal
  readonly room: JudgeRoom
  readonly shelf: VerdictShelf
  readonly time: ChainTime
  readonly clock: Clock
  readonly log: Logger
  readonly figures?: ClerkFigures
}

/** Who is told how it goes. */
export interface ClerkFigures {
  /** A round has ended: this many committees wait for a seat of ours. */
  onRound(open: number): void
  /** A verdict contradicts ours; told once of each. */
  onContradicted(): void
}

/** What was gathered for one committee since this process began to look at it. */
interface Gathered {
  readonly readySince: number
  completeSince?: number
  /** Checked answers of others, by member. */
  readonly others: Map<number, Ballot>
  /** Whether the answers of others have made a transaction fail: then each posts its own. */
  alone: boolean
}

const AT_ONCE = 4
const RETRY_SECONDS = 3
/** Longest time in which a verdict can be appealed: that of the rules is an hour at most. */
const APPEALABLE_SECONDS = 3_600

/**
 * Sees to it that every committee with a seat of ours gets our verdict: compares chain and journal and does the next missing
 * thing. Running it twice does no harm, and events only say where to look.
 */
export class Clerk {
  readonly #options: ClerkOptions
  readonly #agenda = new Agenda()
  readonly #bell: Bell
  readonly #pauses: Pauses
  readonly #gathered = new Map<string, Gathered>()
  readonly #operators = new Map<number, Address>()
  readonly #open = new Set<WorkloadId>()
  readonly #contradicted = new Set<string>()

  constructor(options: ClerkOptions) {
    this.#options = options
    this.#bell = new Bell(options.clock)
    this.#pauses = new Pauses(options.clock)
  }

  /** Looks at every committee whose window, or the time to appeal its verdict, may be open: at the start, and after a reorg. */
  async lookAtEverything(): Promise<void> {
    const { events, time } = this.#options
    const live = new Set(await events.liveWorkloads())
    for (const { args } of await events.committeeNamed('CommitteeDrawn')) {
      if (args.until + APPEALABLE_SECONDS >= time.now() && live.has(args.workload)) this.#agenda.touch(args.workload)
    }
    this.#bell.ring()
  }

  /** Takes note of what the follower has stored. */
  async onBatch(batch: EventBatch): Promise<void> {
    if (batch.kind === 'reorg') {
      this.#options.chain.refresh()
      this.#options.seats.refresh()
      return this.lookAtEverything()
    }
    for (const event of batch.events) {
      if (event.name === 'Staked') this.#options.seats.refresh()
      if (event.contract === 'committee' && 'workload' in event.args) this.#agenda.touch(event.args.workload)
    }
    this.#bell.ring()
  }

  /** Looks at a workload soon. */
  touch(workload: WorkloadId): void {
    this.#agenda.touch(workload)
    this.#bell.ring()
  }

  /** Works whenever woken and at every tick, never twice at a time, until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, shelf, time, figures } = this.#options
    while (!signal.aborted) {
      if (time.now() !== 0) await this.#lookAtDue(signal)
      shelf.clear(time.now())
      figures?.onRound(this.#open.size)
      await this.#bell.wait(config.pollMs, signal)
    }
  }

  async #lookAtDue(signal: AbortSignal): Promise<void> {
    const now = this.#options.time.now()
    while (!signal.aborted) {
      const due = this.#agenda.take(now, AT_ONCE)
      if (due.length === 0) return
      await Promise.all(due.map((workload) => this.#look(workload, signal)))
    }
  }

  async #look(workload: WorkloadId, signal: AbortSignal): Promise<void> {
    const { log, time } = this.#options
    try {
      const next = await this.#reconcile(workload, signal)
      this.#agenda.putBack(workload, next, time.now())
    } catch (error) {
      if (signal.aborted) return
      const isPassing = error instanceof GevulotError && error.retryable
      log[isPassing ? 'warn' : 'error']('a judging could not be looked at', { workload, stage: 'verify', error })
      this.#agenda.putBack(workload, time.now() + RETRY_SECONDS, time.now())
    }
  }

  async #reconcile(workload: WorkloadId, signal: AbortSignal): Promise<number | 'never'> {
    const { contracts, events, seats, journal, room, time } = this.#options
    const dossier = dossierOf(workload, await events.ofWorkload(workload))
    const judgment = dossier === undefined ? undefined : await readJudgment(contracts, workload)
    this.#open.delete(workload)
    if (dossier === undefined || judgment?.stage !== 'Voting') {
      room.stop(workload)
      this.#forget(workload)
      return dossier !== undefined && judgment?.stage === 'Appealable' ? this.#weigh(dossier, judgment) : 'never'
    }
    const members = await readCommittee(contracts, workload, judgment.attempt)
    const seatsOfOurs = new Set((await seats.seats()).map(({ seat }) => seat))
    const own = new Set(members.filter(({ seat }) => seatsOfOurs.has(seat)).map(({ member }) => member))
    if (members.every(({ member, answered }) => answered || !own.has(member))) {
      this.#forget(workload)
      // The verdict may be another than ours.
      return own.size === 0 ? 'never' : judgment.until + 1
    }
    this.#open.add(workload)
    const key: VerdictKey = { workload, attempt: judgment.attempt, proofs: judgment.proofs }
    const verdict = await journal.find(key)
    if (verdict === undefined) await this.#judge(key, dossier, judgment)
    else await this.#bringIn(dossier, judgment, members, own, verdict.valid, signal)
    return time.now() + 1
  }

  /** Compares a verdict that can be appealed with ours. */
  async #weigh(dossier: Dossier, judgment: Judgment): Promise<number | 'never'> {
    const { appellant, chain, time, figures } = this.#options
    const isWrong = await appellant.consider(dossier, judgment, await chain.rules(dossier.terms.rules))
    const name = `${dossier.workload}/${judgment.attempt}`
    if (isWrong && !this.#contradicted.has(name)) figures?.onContradicted()
    if (isWrong) this.#contradicted.add(name)
    return isWrong ? time.now() + RETRY_SECONDS : 'never'
  }

  async #judge(key: VerdictKey, dossier: Dossier, judgment: Judgment): Promise<void> {
    const { chain, room, time, log } = this.#options
    const known = await chain.program(dossier.spec.program)
    if (known === undefined) return
    const [now, drawnAt] = [time.now(), await this.#drawnAt(dossier, judgment)]
    const matter = caseOf({ dossier, judgment, ...known, drawnAt, now })
    if (matter === undefined) return
    if (isTimeToJudge(matter, judgment.until, drawnAt, now)) room.start(key, matter)
    else log.debug('too late to judge', { workload: key.workload, attempt: key.attempt, stage: 'verify' })
  }

  // ─── Bringing it in ───────────────────────────────────────────────────────────────────────────────────────────────────

  async #bringIn(
    dossier: Dossier,
    judgment: Judgment,
    members: readonly CommitteeMember[],
    own: ReadonlySet<number>,
    valid: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { config, domain, signer, shelf, time } = this.#options
    const { workload } = dossier
    const { attempt, proofs, until } = judgment
    const verdict = { workload, attempt, proofs, valid }
    const shared = { ...verdict, signature: await signer.signVerdict(domain, verdict) }
    shelf.put(shared, until)
    const bench = { domain, judgment, members, operators: await this.#operatorsOf(members) }
    const gathered = this.#gatheredFor(`${workload}/${attempt}/${proofs}`)
    await this.#askPeers(bench, workload, gathered, signal)
    const mine = ballotsOf(bench, shared)
    const ballots = gathered.alone ? mine : [...mine, ...gathered.others.values()]
    const known = new Set([...ballots, ...members.filter(({ answered }) => answered)].map(({ member }) => member))
    if (known.size === members.length) gathered.completeSince ??= time.now()
    const { readySince, completeSince } = gathered
    const decision = decidePost({
      now: time.now(),
      drawnAt: await this.#drawnAt(dossier, judgment),
      until,
      members,
      own,
      ballots,
      readySince,
      ...(completeSince !== undefined && { completeSince }),
      turn: turnOf(workload, attempt, members, own),
      turnSeconds: config.turnSeconds,
    })
    if (decision.do === 'post') this.#post(workload, judgment, decision.ballots, gathered)
  }

  async #askPeers(bench: Bench, workload: WorkloadId, gathered: Gathered, signal: AbortSignal): Promise<void> {
    if (gathered.completeSince !== undefined) return
    const { attempt } = bench.judgment
    const answers = await Promise.all(
      this.#options.config.peers.map((peer) => askPeer(peer, workload, attempt, signal)),
    )
    for (const shared of answers) {
      if (shared === undefined) continue
      // Of two answers of one member the first counts, here as in the contract.
      for (const ballot of ballotsOf(bench, shared)) {
        if (!gathered.others.has(ballot.member)) gathered.others.set(ballot.member, ballot)
      }
    }
  }

  #post(workload: WorkloadId, { attempt, until }: Judgment, ballots: readonly Ballot[], gathered: Gathered): void {
    const { calls, publisher } = this.#options
    const request = calls.post(workload, attempt, ballots, until)
    if (publisher.isPending(request.key) || !this.#pauses.isOver(request.key)) return
    // Not awaited: other committees must not wait for this one's block.
    void publisher
      .publish(request)
      .then(({ kind }) => {
        if (kind === 'mined') return this.#pauses.end(request.key)
        if (kind === 'reverted') gathered.alone = true
        this.#pauses.lengthen(request.key)
      })
      .finally(() => this.touch(workload))
  }

  // ─── Facts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #drawnAt({ terms }: Dossier, { until }: Judgment): Promise<number> {
    return until - (await this.#options.chain.rules(terms.rules)).verdictWindow
  }

  /** A seat belongs to one operator as long as it can be a member. */
  async #operatorsOf(members: readonly CommitteeMember[]): Promise<readonly Address[]> {
    const { registry } = this.#options.contracts
    return Promise.all(
      members.map(async ({ seat }) => {
        const known = this.#operators.get(seat)
        if (known !== undefined) return known
        try {
          const operator = toAddress((await registry.seatOf(seat)).operator)
          this.#operators.set(seat, operator)
          return operator
        } catch (error) {
          throw asChainError(error, `reading seat ${seat}`)
        }
      }),
    )
  }

  #gatheredFor(key: string): Gathered {
    const gathered = this.#gathered.get(key) ?? {
      readySince: this.#options.time.now(),
      others: new Map<number, Ballot>(),
      alone: false,
    }
    this.#gathered.set(key, gathered)
    return gathered
  }

  #forget(workload: WorkloadId): void {
    for (const key of this.#gathered.keys()) if (key.startsWith(workload)) this.#gathered.delete(key)
  }
}
