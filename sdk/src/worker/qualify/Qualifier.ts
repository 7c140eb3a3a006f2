import {
  asChainError,
  readPuzzleSeed,
  readQualification,
  readSeatQualification,
  type Address,
  type Bytes32,
  type Contracts,
  type Hex,
  type QualificationCheck,
  type QualificationState,
} from '../../chain/index.js'
import { IBeacon__factory } from '../../chain/generated/factories/IBeacon__factory.js'
import type { Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { ChainTime } from '../chain/ChainTime.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { BeaconRelay } from '../coordinate/BeaconRelay.js'
import { Pauses } from '../coordinate/Pauses.js'
import type { OwnSeat, SeatBook } from '../coordinate/SeatBook.js'
import type { Logger } from '../log/Logger.js'
import type { Outbox } from '../publish/Outbox.js'
import type { TxPriority } from '../publish/TxOutcome.js'
import type { EventStore } from '../store/EventStore.js'
import type { SolutionStore, Solved } from '../store/SolutionStore.js'
import type { PuzzleSolver } from './PuzzleSolver.js'

/** What a {@link Qualifier} needs. */
export interface QualifierOptions {
  readonly config: Pick<WorkerConfig, 'mode' | 'keeper' | 'keeperDuties' | 'qualify' | 'pollMs'>
  readonly contracts: Contracts
  readonly events: EventStore
  readonly seats: SeatBook
  readonly operator: Address
  readonly solver: Pick<PuzzleSolver, 'solve'>
  readonly solutions: SolutionStore
  readonly relay: BeaconRelay
  readonly publisher: Outbox
  readonly time: ChainTime
  readonly clock: Clock
  readonly log: Logger
}

// Looks between two dates of the schedule, in polls: a change of policy is seen that late.
const LOOK_AGAIN_POLLS = 20
// Seats whose state is read at the same time, and seats evicted by one transaction.
const READS_AT_ONCE = 16
const EVICTED_AT_ONCE = 32

/** The puzzle that is being solved. */
interface Solving {
  readonly seat: number
  readonly seed: Bytes32
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/**
 * Keeps the seats of the operator qualified: opens and starts the checks of their classes, solves their puzzles, excuses
 * those at work. As a keeper it does the first for every class, and evicts others' seats that did not answer.
 */
export class Qualifier {
  readonly #options: QualifierOptions
  readonly #pauses: Pauses
  /** One at a time: a solution takes all the machine has. */
  #solving: Solving | undefined
  /** Solutions whose writing down came to nothing, by seat. */
  readonly #unkept = new Map<number, Solved>()
  /** When to look at a class again, by the time of the chain. */
  readonly #due = new Map<number, number>()
  /** Newest check of each class whose missing seats were evicted. */
  readonly #swept = new Map<number, number>()

  constructor(options: QualifierOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, clock, log } = this.#options
    while (!signal.aborted && config.mode !== 'watch') {
      try {
        await this.#look(signal)
      } catch (error) {
        log.warn('the checks cannot be looked at now', { stage: 'qualify', error })
      }
      await clock.sleep(config.pollMs, signal).catch(() => undefined)
    }
    await this.#solving?.ended
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { config, seats, operator, events, time } = this.#options
    if (time.now() === 0) return
    const own = config.qualify ? await seats.seats() : []
    const staked = config.keeper && config.keeperDuties.includes('evict') ? await events.registryNamed('Staked') : []
    const classes = new Set([...own.map((seat) => seat.class), ...staked.map(({ args }) => args.class)])
    for (const hardwareClass of classes) {
      if (time.now() < (this.#due.get(hardwareClass) ?? 0)) continue
      const ours = own.filter((seat) => seat.class === hardwareClass)
      // Evicting a seat of one's own, whichever worker works for it, earns nothing and costs its charge and a cooldown.
      const others = staked.filter(({ args }) => args.class === hardwareClass && args.operator !== operator)
      const theirs = others.map(({ args }) => args.seat)
      this.#due.set(hardwareClass, await this.#class(hardwareClass, ours, theirs, signal))
    }
  }

  /** Does what is due for a class. @returns When to look again (chain time). */
  async #class(
    hardwareClass: number,
    ours: readonly OwnSeat[],
    theirs: readonly number[],
    signal: AbortSignal,
  ): Promise<number> {
    const { contracts, time } = this.#options
    const state = await readQualification(contracts, hardwareClass)
    const now = time.now()
    const soon = now + 1
    if (state.mustQualify && now >= state.nextAt) {
      this.#publish(`open/${hardwareClass}/${(state.newest?.number ?? 0) + 1}`, 'open', [hardwareClass], 'keeper')
      return soon
    }
    const later = now + Math.ceil((LOOK_AGAIN_POLLS * this.#options.config.pollMs) / 1000)
    const next = state.mustQualify ? Math.min(state.nextAt, later) : later
    const { newest } = state
    if (newest === undefined) return next
    if (newest.until === undefined) {
      if (now > newest.startBy) return next
      await this.#start(state, newest)
      return soon
    }
    if (now <= newest.until) {
      if (await this.#answer(newest, ours, signal)) return Math.min(next, newest.until + 1)
      return soon
    }
    if (theirs.length > 0 && (this.#swept.get(hardwareClass) ?? 0) < newest.number) {
      return (await this.#sweep(hardwareClass, newest, theirs)) ? next : soon
    }
    return next
  }

  /** Starts a check whose round is on chain, or brings the round there. */
  async #start(state: QualificationState, { number, round, policy, startBy }: QualificationCheck): Promise<void> {
    const { contracts, relay } = this.#options
    const value = await IBeacon__factory.connect(policy.beacon, contracts.provider)
      .value(round, { blockTag: 'pending' })
      .catch((error: unknown) => {
        throw asChainError(error, `reading beacon round ${round}`)
      })
    if (BigInt(value) === 0n) void relay.relay(policy.beacon, round)
    else this.#publish(`start/${state.class}/${number}`, 'start', [state.class], 'answer', startBy)
  }

  // ─── Own seats ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Answers or excuses what the check asks of the operator's seats. @returns Whether nothing is left to do. */
  async #answer(check: QualificationCheck, ours: readonly OwnSeat[], signal: AbortSignal): Promise<boolean> {
    const { config, contracts, publisher } = this.#options
    await this.#stopSolvingInVain(check, ours)
    const waiting: OwnSeat[] = []
    let isDone = true
    let selected: OwnSeat | undefined
    for (const own of ours) {
      const { seat } = own
      const state = await readSeatQualification(contracts, seat, check)
      if (state.hasAnswered || state.isExcused || publisher.isPending(answerKey(check, seat))) continue
      if (state.isWaiting && config.mode !== 'drain' && (await this.#isBonded(seat))) waiting.push(own)
      if (!state.isSelected) continue
      isDone = false
      if (state.excuses < check.policy.excuses && (await this.#isHeld(seat))) {
        this.#publish(`excuse/${check.number}/${seat}`, 'excuse', [[seat]], 'answer', check.until)
      } else selected ??= own
    }
    // Staying goes before joining.
    const next = selected ?? waiting[0]
    if (next !== undefined && this.#solving === undefined) await this.#solve(check, next, signal)
    return isDone && waiting.length === 0
  }

  /** A reorg can give a check another seed: the solution of the former is worth nothing. */
  async #stopSolvingInVain({ number }: QualificationCheck, ours: readonly OwnSeat[]): Promise<void> {
    const solving = this.#solving
    const own = ours.find(({ seat }) => seat === solving?.seat)
    if (solving === undefined || own === undefined) return
    const seed = await readPuzzleSeed(this.#options.contracts, own.class, number, own.seat)
    if (seed !== solving.seed) solving.stop.abort()
  }

  async #solve(check: QualificationCheck, { seat, class: hardwareClass }: OwnSeat, signal: AbortSignal): Promise<void> {
    const { contracts, solver, solutions, time, log } = this.#options
    const key = answerKey(check, seat)
    if (!this.#pauses.isOver(key)) return
    const seed = await readPuzzleSeed(contracts, hardwareClass, check.number, seat)
    const { until = 0, policy } = check
    const answer = (solution: Hex): void => this.#publish(key, 'answer', [seat, solution], 'proof', until)
    // Also of an earlier run, and where a reorg has undone the answer: there is no time in a window to solve twice.
    const solved = this.#unkept.get(seat) ?? (await solutions.find(seat))
    if (solved?.seed === seed) return answer(solved.solution)
    const stop = new AbortController()
    const stopped = AbortSignal.any([signal, stop.signal])
    const about = { seat, check: check.number, stage: 'qualify' }
    log.info('solving the puzzle', about)
    const ended = solver
      .solve(policy.puzzle, seed, Math.max(1, until - time.now()), stopped)
      .then(async (solution) => {
        answer(solution)
        await this.#keep(seat, { seed, solution })
      })
      .catch((error: unknown) => {
        if (stopped.aborted) return
        this.#pauses.lengthen(key)
        log.warn('the puzzle was not solved', { ...about, error })
      })
      .finally(() => (this.#solving = undefined))
    this.#solving = { seat, seed, stop, ended }
  }

  /** Writes a solution down; one that cannot be is at least remembered. */
  async #keep(seat: number, solved: Solved): Promise<void> {
    const { solutions, log } = this.#options
    this.#unkept.set(seat, solved)
    try {
      await solutions.keep(seat, solved)
      this.#unkept.delete(seat)
    } catch (error) {
      log.warn('a solution was not written down; a restart would lose it', { seat, stage: 'qualify', error })
    }
  }

  async #drop(seat: number): Promise<void> {
    const { solutions, log } = this.#options
    this.#unkept.delete(seat)
    // It is answered with once more, and dropped then.
    await solutions.drop(seat).catch((error: unknown) => {
      log.warn('a wrong solution was not dropped', { seat, stage: 'qualify', error })
    })
  }

  async #isHeld(seat: number): Promise<boolean> {
    return this.#options.contracts.market.isHeld(seat).catch((error: unknown) => {
      throw asChainError(error, `reading seat ${seat}`)
    })
  }

  /** Whether a waiting seat has its full bond; without it an answer would be in vain. */
  async #isBonded(seat: number): Promise<boolean> {
    const { registry } = this.#options.contracts
    try {
      const { bond, class: hardwareClass } = await registry.seatOf(seat)
      return bond >= (await registry.classBonds(hardwareClass)).bond
    } catch (error) {
      throw asChainError(error, `reading the bond of seat ${seat}`)
    }
  }

  // ─── Others' seats ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Evicts the seats that a check asked in vain. @returns Whether none is left. */
  async #sweep(hardwareClass: number, check: QualificationCheck, theirs: readonly number[]): Promise<boolean> {
    const { contracts } = this.#options
    const missing: number[] = []
    for (let at = 0; at < theirs.length; at += READS_AT_ONCE) {
      const some = theirs.slice(at, at + READS_AT_ONCE)
      const states = await Promise.all(some.map((seat) => readSeatQualification(contracts, seat, check)))
      some.forEach((seat, index) => {
        const state = states[index]
        if (state === undefined || !state.isSelected || state.hasAnswered || state.isExcused) return
        if (state.status === 'Active' || state.status === 'Leaving') missing.push(seat)
      })
    }
    if (missing.length === 0) this.#swept.set(hardwareClass, check.number)
    for (let at = 0; at < missing.length; at += EVICTED_AT_ONCE) {
      const seats = missing.slice(at, at + EVICTED_AT_ONCE)
      this.#publish(
        `evict/${hardwareClass}/${check.number}/${at}`,
        'evict',
        [hardwareClass, check.number, seats],
        'keeper',
      )
    }
    return missing.length === 0
  }

  // ─── Transactions ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #publish(
    key: string,
    act: 'open' | 'start' | 'answer' | 'excuse' | 'evict',
    args: readonly unknown[],
    priority: TxPriority,
    deadline?: number,
  ): void {
    const { contracts, publisher, log } = this.#options
    if (publisher.isPending(key) || !this.#pauses.isOver(key)) return
    const data = contracts.qualification.interface.encodeFunctionData(act as 'open', args as never)
    const to = contracts.addresses.qualification
    const about = { stage: 'qualify', act, args: act === 'answer' ? [args[0]] : args }
    const request = { key, to, data, priority, about, ...(deadline !== undefined && { deadline }) }
    void publisher.publish(request).then((outcome) => {
      if (outcome.kind === 'mined') return this.#pauses.end(key)
      this.#pauses.lengthen(key)
      // Somebody else was first: for acts that are anyone's this is how it should be.
      const error = outcome.kind === 'reverted' || outcome.kind === 'failed' ? outcome.error : undefined
      // A program may prove better the next time.
      if (GevulotError.is(error, 'CONTRACT_WRONG_SOLUTION')) void this.#drop(Number(args[0]))
      const isOthers = act !== 'answer' && act !== 'excuse' && error instanceof GevulotError
      log[isOthers ? 'debug' : 'warn']('an act of qualification came to nothing', {
        ...about,
        outcome: outcome.kind,
        error,
      })
    })
  }
}

function answerKey({ number }: QualificationCheck, seat: number): string {
  return `answer/${number}/${seat}`
}
