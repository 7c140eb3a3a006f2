import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { aztecError } from '../../errors/codes/aztec.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { BrokerClient } from '../broker/BrokerClient.js'
import type { JobFilter } from '../broker/wire.js'
import type { ProofExchange } from '../exchange/ProofExchange.js'
import { NetworkProver, type Trust } from '../network/NetworkProver.js'
import type { Requester } from '../network/Requester.js'
import { Spending, type Budget } from '../network/Spending.js'
import type { AztecMetrics } from '../observe/AztecMetrics.js'
import { factsOf, type JobTypeName } from '../protocol/jobTypes.js'
import { RELEASE } from '../protocol/release.js'
import { JobBook } from '../store/JobBook.js'
import { ResultFiles } from '../store/ResultFiles.js'
import type { AztecSchema } from '../store/schema.js'
import { Bundler } from './Bundler.js'
import { Intake } from './Intake.js'
import type { Lane } from './Lane.js'
import { Pulse } from './Pulse.js'
import { Reporter } from './Reporter.js'

/** Options of an {@link AztecAdapter}. */
export interface AztecAdapterOptions {
  readonly broker: BrokerClient
  readonly exchange: ProofExchange
  /** Who pays: {@link WalletRequester} or {@link ProxyRequester}; for `trust: 'program'` one that can run verifiers. */
  readonly requester: Requester
  readonly db: Kysely<AztecSchema>
  /** For results; belongs to this adapter alone. */
  readonly directory: string
  readonly lanes: readonly Lane[]
  readonly budget: Budget
  readonly trust: Trust
  /** Whether results that prove nothing are taken: for a network whose rollup believes everything. */
  readonly simulated: boolean
  readonly metrics: AztecMetrics
  readonly log: Logger
  /** Jobs in flight at the same time. */
  readonly slots: number
  /** Workloads that may end without a result before a job is reported as failed. */
  readonly attempts: number
  /** Seconds from the first job of an epoch until results are of no use. */
  readonly windowSeconds: number
  readonly pollMs: number
  /** Milliseconds between heartbeats, well below the broker's time-out of 30 s. */
  readonly heartbeatMs: number
  /** How long ended jobs and their results are kept. */
  readonly keepMs: number
}

const CLEAN_EVERY_MS = 600_000
/** After jobs were given up, other agents have the queue for so long: else the same jobs would be taken and given up again. */
const PAUSE_MS = 60_000

/**
 * Serves the jobs of Aztec's prover broker by workloads of our network: takes them, proves bundles of them, checks the results completely and
 * reports them. It reconciles: whatever it was doing when it was killed, the book says what to do next.
 */
export class AztecAdapter {
  readonly #options: AztecAdapterOptions
  readonly #book: JobBook
  readonly #spending: Spending
  readonly #intake: Intake
  readonly #pulse: Pulse
  readonly #bundler: Bundler
  readonly #prover: NetworkProver
  readonly #reporter: Reporter
  readonly #results: ResultFiles
  readonly #filter: JobFilter
  #cleanedAt = 0
  /** Why no jobs are taken. */
  #short: string | undefined
  #pausedUntil = 0

  /** @throws GevulotError AZTEC_CONFIG_INVALID */
  constructor(options: AztecAdapterOptions) {
    this.#options = options
    const { broker, exchange, requester, db, directory, lanes, metrics, log, slots, attempts, windowSeconds } = options
    const { clock, store } = requester
    const types = checkLanes(lanes)
    if (options.trust === 'program' && !requester.canVerify) {
      throw aztecError('AZTEC_CONFIG_INVALID', 'to trust the program its verifier has to be run: a runtime is missing')
    }
    const filter = { allowList: [...types].map((type) => factsOf(type).type) }
    const book = new JobBook(db, clock, ({ type, outcome }) => metrics.onClosed(type, outcome ?? ''))
    const spending = new Spending(book, options.budget)
    const results = new ResultFiles(join(directory, 'results'))
    const intake = new Intake({ broker, exchange, store, book, metrics, clock, log, filter, types, slots })
    this.#filter = filter
    this.#book = book
    this.#spending = spending
    this.#results = results
    this.#intake = intake
    this.#pulse = new Pulse({ broker, book, intake, clock, log, filter, heartbeatMs: options.heartbeatMs })
    this.#bundler = new Bundler({ requester, book, spending, log, lanes, attempts, windowSeconds })
    this.#prover = new NetworkProver({
      ...{ requester, book, results, metrics, log, trust: options.trust, simulated: options.simulated },
    })
    this.#reporter = new Reporter({
      ...{ broker, exchange, book, intake, results, metrics, clock, log, filter, attempts },
    })
  }

  /** Works until `signal` is aborted. Jobs in flight stay in the book; whoever starts it again goes on with them. */
  async run(signal: AbortSignal): Promise<void> {
    const { requester, log, metrics, simulated } = this.#options
    const { account, chainId } = requester
    metrics.start({ account, chain: String(chainId), release: RELEASE.packageVersion }, this.#book)
    log.info('adapter started', { stage: 'start', account, release: RELEASE.packageVersion })
    if (simulated) log.warn('simulated results are taken: they prove nothing', { stage: 'start' })
    await Promise.all([
      this.#pulse.run(signal),
      this.#every(signal, 'taking jobs', () => this.#poll(signal)),
      this.#every(signal, 'proving', () => this.#work(signal)),
      this.#every(signal, 'reporting', () => this.#reporter.report(signal)),
    ])
    await this.#intake.settled()
    await this.#prover.settled()
    log.info('adapter stopped', { stage: 'stop' })
  }

  async #every(signal: AbortSignal, doing: string, act: () => Promise<void>): Promise<void> {
    const { requester, log, pollMs } = this.#options
    while (!signal.aborted) {
      await act().catch((error: unknown) => {
        if (signal.aborted) return
        const passes = error instanceof GevulotError && error.retryable
        log[passes ? 'warn' : 'error'](`${doing} does not get on now`, { stage: 'run', error })
      })
      await requester.clock.sleep(pollMs, signal).catch(() => undefined)
    }
  }

  /** Asks for jobs while there is room and money for them: what is not asked for, other agents take. */
  async #poll(signal: AbortSignal): Promise<void> {
    const { broker, requester, metrics, log } = this.#options
    const now = requester.clock.now()
    const left = await this.#spending.leftToday(now)
    metrics.onBudget(left)
    const short = left === 0n ? 'the budget of 24 hours is used up' : await requester.shortage(signal)
    if (short !== this.#short && short !== undefined) log.error(`${short}: no jobs are taken`, { stage: 'assign' })
    this.#short = short
    if (short !== undefined || requester.clock.elapsed() < this.#pausedUntil) return
    for (let room = await this.#intake.room(); room > 0; room--) {
      await this.#intake.turn()
      const assignment = await broker.getJob(this.#filter, signal)
      if (assignment === undefined) return
      this.#intake.accept(assignment, signal)
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { requester, metrics } = this.#options
    const pause = (gaveUp: boolean): void => {
      if (gaveUp) this.#pausedUntil = requester.clock.elapsed() + PAUSE_MS
    }
    pause(await this.#bundler.bundle(signal))
    pause(await this.#prover.advance(signal))
    await this.#clean()
    metrics.onRound()
  }

  async #clean(): Promise<void> {
    const { requester, keepMs } = this.#options
    const now = requester.clock.now()
    if (now - this.#cleanedAt < CLEAN_EVERY_MS) return
    this.#cleanedAt = now
    for (const result of await this.#book.forget(now - keepMs)) await this.#results.remove(result)
  }
}

/** The types that lanes serve: each by one lane. */
function checkLanes(lanes: readonly Lane[]): ReadonlySet<JobTypeName> {
  const all = lanes.flatMap(({ types }) => types)
  const twice = all.find((type, index) => all.indexOf(type) !== index)
  if (twice !== undefined) throw aztecError('AZTEC_CONFIG_INVALID', `two lanes serve ${twice}`)
  // An empty list would ask the broker for every type there is.
  if (all.length === 0) throw aztecError('AZTEC_CONFIG_INVALID', 'no lane serves any type of job')
  return new Set(all)
}
