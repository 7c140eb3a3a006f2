import { isRefusedForGood } from '../../chain/isRefusedForGood.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Digest } from '../../content/digest.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { AztecMetrics } from '../observe/AztecMetrics.js'
import { readBundleProof } from '../protocol/bundle.js'
import { resultJson } from '../protocol/result.js'
import type { JobBook, StoredBundle, StoredJob } from '../store/JobBook.js'
import type { ResultFiles } from '../store/ResultFiles.js'
import { deliveryName, type Candidate, type Requester, type Sighting } from './Requester.js'

/** Whom to believe that results are right; see docs/aztec.md. */
export type Trust = 'program' | 'form' | 'committee'

/** What a {@link NetworkProver} works with. */
export interface NetworkProverOptions {
  readonly requester: Requester
  readonly book: JobBook
  readonly results: ResultFiles
  readonly metrics: AztecMetrics
  readonly log: Logger
  /**
   * program: a sealed delivery counts once the program's verifier, run here, says so. form: once its form is right; only for simulated proofs.
   * committee: nothing counts before the network's own verdict.
   */
  readonly trust: Trust
  /** Whether results are taken that prove nothing: of simulated circuits, or forgeable by anyone. */
  readonly simulated: boolean
}

/** Bundles that are looked at, at the same time. */
const AT_ONCE = 8
/** How long a round waits for those: a look may run a verifier for minutes, and must not keep the others from their turn. */
const ROUND_MS = 1_000
/** How often a verifier that gives no verdict on a result is run again. */
const MOST_RUNS = 3
/** How long proofs of a workload that is final may be out of reach before it counts as one without results. */
const UNREACHABLE_MS = 120_000
/** How long a revealed proof that is out of reach is not asked for again. */
const ABSENT_MS = 15_000
/** Turns bundles into workloads and workloads into results, whoever pays for them. */
export class NetworkProver {
  readonly #options: NetworkProverOptions
  /** Proofs that were looked at and refused, by bundle and name. */
  readonly #refused = new Set<string>()
  /** Runs of the verifier that gave no verdict, by bundle and name of the proof. */
  readonly #unclear = new Map<string, number>()
  /** Since when a bundle's proofs are out of reach; milliseconds. */
  readonly #unreachable = new Map<number, number>()
  /** Until when revealed proofs are not asked for again; milliseconds. */
  readonly #absent = new Map<Digest, number>()
  readonly #looks = new Map<number, Promise<unknown>>()
  /** Cancels that are under way, each with what stops it. */
  readonly #cancels = new Map<number, { readonly running: Promise<void>; readonly wanted: AbortController }>()
  /** Bundles whose cancel is done or refused. */
  readonly #cancelled = new Set<number>()
  #isShort = false

  constructor(options: NetworkProverOptions) {
    this.#options = options
  }

  /**
   * Does the next thing for every bundle that is not closed.
   * @returns Whether jobs were given up: there is no money for more like them now.
   */
  async advance(signal: AbortSignal): Promise<boolean> {
    this.#isShort = false
    const bundles = await this.#options.book.openBundles()
    for (const bundle of bundles.filter(({ state }) => state === 'made')) {
      // One after the other, and none past one that failed: each takes the account's next nonce.
      if (!(await this.#guarded(bundle, signal, () => this.#submit(bundle, signal)))) break
    }
    for (const bundle of bundles.filter(({ state, id }) => state === 'submitted' && !this.#looks.has(id))) {
      // Full of looks that take long: the others have their turn in a later round.
      if (this.#looks.size >= AT_ONCE && !(await this.#anyLook(signal))) return this.#isShort
      const look = this.#guarded(bundle, signal, () => this.#look(bundle, signal))
      // It throws only when the adapter stops, which the round notices by itself.
      const ended = look.catch(() => false).finally(() => this.#looks.delete(bundle.id))
      this.#looks.set(bundle.id, ended)
    }
    await this.#within(Promise.all(this.#looks.values()), signal)
    return this.#isShort
  }

  /** Resolves when no look and no cancel is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#looks.values())
    await Promise.all([...this.#cancels.values()].map(({ running }) => running))
  }

  /** Waits until a look has ended. @returns Whether one has, within a round. */
  async #anyLook(signal: AbortSignal): Promise<boolean> {
    return this.#within(Promise.race(this.#looks.values()), signal)
  }

  async #within(doing: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
    const over = new AbortController()
    const slept = this.#options.requester.clock
      .sleep(ROUND_MS, AbortSignal.any([signal, over.signal]))
      .then(() => false, () => false) // prettier-ignore
    const isDone = await Promise.race([doing.then(() => true), slept])
    over.abort()
    signal.throwIfAborted()
    return isDone
  }

  async #guarded(bundle: StoredBundle, signal: AbortSignal, act: () => Promise<void>): Promise<boolean> {
    try {
      await act()
      return true
    } catch (error) {
      signal.throwIfAborted()
      this.#options.log.warn('a bundle does not get on now', { stage: 'submit', bundle: bundle.id, workload: bundle.workload, error }) // prettier-ignore
      return false
    }
  }

  async #submit(bundle: StoredBundle, signal: AbortSignal): Promise<void> {
    const { requester, book, metrics, log } = this.#options
    const jobs = await book.ofBundle(bundle.id)
    const submission = await requester.submit(
      {
        ...{ bundle, isWanted: jobs.some(({ state }) => state !== 'closed') },
        note: (change) => book.noteBundle(bundle.id, change),
      },
      signal,
    )
    const about = { stage: 'submit', bundle: bundle.id, jobs: jobs.length }
    switch (submission.kind) {
      case 'submitted': {
        const { workload, block, created } = submission
        await book.noteBundle(bundle.id, { state: 'submitted', workload, block })
        const [job] = jobs
        if (job !== undefined && created) metrics.onBundle(job.type, jobs.length, BigInt(bundle.fee))
        return log.info('submitted', { ...about, workload })
      }
      case 'over': {
        const { why, error } = submission
        await book.closeBundle(bundle.id, why)
        if (error !== undefined) log.error('a bundle is refused', { ...about, error })
        return
      }
      case 'short':
        // The broker's time-out hands them to another agent, and they count as no attempt.
        for (const { id } of jobs) await book.abandon(id, 'given-up', submission.why)
        await book.closeBundle(bundle.id, submission.why)
        this.#isShort = true
        return log.error('jobs are given up', { ...about, jobs: jobs.map(({ id }) => id), why: submission.why })
      case 'later':
    }
  }

  async #look(bundle: StoredBundle, signal: AbortSignal): Promise<void> {
    const { requester, book, log } = this.#options
    const jobs = await book.ofBundle(bundle.id)
    const sighting = await requester.read(bundle, signal)
    if (sighting === undefined) {
      log.warn('the chain does not know a workload any more', { stage: 'submit', bundle: bundle.id, workload: bundle.workload }) // prettier-ignore
      this.#cancelled.delete(bundle.id)
      return book.noteBundle(bundle.id, { state: 'made' })
    }
    let failure: Error | undefined
    const isProven =
      jobs.some(({ result }) => result !== null) ||
      (await this.#collect(bundle, jobs, sighting, signal).catch((error: unknown) => {
        signal.throwIfAborted()
        failure = asError(error)
        return false
      }))
    if (isProven) {
      await this.#release(bundle, sighting, signal)
      return book.closeBundle(bundle.id, null)
    }
    const over =
      requester.clock.now() > bundle.deadline
        ? 'the epoch is over'
        : failure === undefined || this.#isLonger(UNREACHABLE_MS, this.#unreachable, bundle)
          ? sighting.ended
          : undefined
    if (failure === undefined) this.#unreachable.delete(bundle.id)
    const isWanted = jobs.some(({ state }) => state !== 'closed')
    if (over !== undefined) {
      log[isWanted ? 'warn' : 'info']('a bundle ends without results', { stage: 'expire', bundle: bundle.id, workload: bundle.workload, why: over }) // prettier-ignore
      return book.closeBundle(bundle.id, over)
    }
    if (isWanted) this.#cancels.get(bundle.id)?.wanted.abort()
    else this.#cancel(bundle, signal)
    if (failure !== undefined) throw failure
  }

  /** Takes the first results that are right. @returns Whether there were any. */
  async #collect(
    bundle: StoredBundle,
    jobs: readonly StoredJob[],
    sighting: Sighting,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { requester, trust } = this.#options
    const valid = sighting.slots.filter(
      ({ status, seat }) => status === 'valid' && !this.#isRefused(bundle, String(seat)),
    )
    // What one seat withholds, or nobody can judge, must not keep that of the next one out.
    let failure: Error | undefined
    const isGood = async (look: () => Promise<boolean>): Promise<boolean> => {
      try {
        return await look()
      } catch (error) {
        signal.throwIfAborted()
        failure = asError(error)
        return false
      }
    }
    for (const { seat } of valid) {
      const look = async (): Promise<boolean> =>
        this.#keep(bundle, jobs, await requester.fetchProof(sighting, seat, signal), String(seat))
      if (await isGood(look)) return true
    }
    if (trust !== 'committee') {
      const isRefused = (name: string): boolean => this.#isRefused(bundle, name)
      // Nobody need wait for a verdict on what can be read: a delivery that did not come, or was sealed to a key that is lost.
      for (const { status, operator, proofDigest: digest } of sighting.slots) {
        if (status !== 'revealed' || operator === undefined || digest === undefined) continue
        const name = deliveryName({ digest, operator })
        const proof = isRefused(name) ? undefined : await this.#revealed(bundle, digest, signal)
        if (proof === undefined) continue
        if (await isGood(() => this.#judge(bundle, jobs, { proof, operator }, name, signal))) return true
      }
      for (const delivery of await requester.deliveries(bundle, sighting, isRefused, signal)) {
        const name = deliveryName(delivery)
        if (isRefused(name)) continue
        if (await isGood(() => this.#judge(bundle, jobs, delivery, name, signal))) return true
      }
    }
    if (failure !== undefined) throw failure
    return false
  }

  /** A proof that was revealed; one that is out of reach is left alone for a while, and its verdict decides. */
  async #revealed(
    { id, workload }: StoredBundle,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const { requester, log } = this.#options
    if ((this.#absent.get(digest) ?? 0) > requester.clock.elapsed()) return undefined
    try {
      return await requester.fetchRevealed(digest, signal)
    } catch (error) {
      signal.throwIfAborted()
      this.#absent.set(digest, requester.clock.elapsed() + ABSENT_MS)
      log.info('a revealed proof is out of reach', { stage: 'retrieve', bundle: id, workload, digest, error })
      return undefined
    }
  }

  /** Whether a result that nobody has judged yet is right. */
  async #judge(
    bundle: StoredBundle,
    jobs: readonly StoredJob[],
    candidate: Candidate,
    name: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const isRight = this.#options.trust === 'form' || (await this.#verify(bundle, candidate, name, signal))
    return isRight && this.#keep(bundle, jobs, candidate.proof, name)
  }

  /** Runs the program's own verifier. A program that gives no verdict is asked again, a few times: the result may be right. */
  async #verify(bundle: StoredBundle, candidate: Candidate, name: string, signal: AbortSignal): Promise<boolean> {
    try {
      const verdict = await this.#options.requester.verify(bundle, candidate, signal)
      if (!verdict.valid) this.#refuse(bundle, name, verdict.reason)
      return verdict.valid
    } catch (error) {
      if (!GevulotError.is(error, 'CLIENT_VERIFIER_FAILED')) throw error
      const key = `${bundle.id}/${name}`
      const runs = (this.#unclear.get(key) ?? 0) + 1
      this.#unclear.set(key, runs)
      if (runs < MOST_RUNS) throw error
      this.#refuse(bundle, name, `the verifier gave no verdict ${runs} times: ${error.message}`)
      return false
    }
  }

  /** Checks results completely and stores them, each as it will be reported. */
  async #keep(bundle: StoredBundle, jobs: readonly StoredJob[], proof: Uint8Array, name: string): Promise<boolean> {
    const { book, results, log, simulated } = this.#options
    try {
      const read = readBundleProof(jobs, proof)
      const isSimulated = read.some((result) => result.simulated)
      const isDevelopment = read.some((result) => result.development)
      if ((isSimulated || isDevelopment) && !simulated) {
        const why = isSimulated ? 'they are simulated, and prove nothing' : 'they rest on parameters with which anyone can forge them' // prettier-ignore
        this.#refuse(bundle, name, why)
        return false
      }
      const stored = new Map<string, string>()
      for (const [index, { id }] of jobs.entries()) {
        const result = read[index]
        if (result === undefined) throw new TypeError('unreachable: as many results as jobs')
        stored.set(id, await results.put(resultJson(result)))
      }
      await book.prove(bundle.id, stored)
      log.info('results are there', { stage: 'retrieve', bundle: bundle.id, workload: bundle.workload, jobs: jobs.length, simulated: isSimulated, development: isDevelopment }) // prettier-ignore
      return true
    } catch (error) {
      if (!GevulotError.is(error, 'AZTEC_RESULT_INVALID')) throw error
      this.#refuse(bundle, name, error.message)
      return false
    }
  }

  /** Whether something has lasted longer than `most` milliseconds; the first question begins it. */
  #isLonger(most: number, since: Map<number, number>, { id }: StoredBundle): boolean {
    const now = this.#options.requester.clock.elapsed()
    const first = since.get(id) ?? now
    since.set(id, first)
    return now - first > most
  }

  #isRefused({ id }: StoredBundle, name: string): boolean {
    return this.#refused.has(`${id}/${name}`)
  }

  #refuse({ id, workload }: StoredBundle, name: string, why: string): void {
    this.#refused.add(`${id}/${name}`)
    this.#options.metrics.onRefusedResult()
    this.#options.log.error('results are refused', { stage: 'verify', bundle: id, workload, why })
  }

  /** While a slot is open only its requester or time can close commits; nobody has to work on what is there. */
  async #release(bundle: StoredBundle, sighting: Sighting, signal: AbortSignal): Promise<void> {
    const { requester, log } = this.#options
    if (!sighting.isReleasable) return
    try {
      await requester.release(bundle, signal)
    } catch (error) {
      const closed = ['CONTRACT_COMMITS_CLOSED_ALREADY', 'CONTRACT_WRONG_PHASE']
      if (error instanceof GevulotError && closed.includes(error.code)) return
      log.warn('a workload could not be released', { stage: 'retrieve', workload: sighting.workload, error })
    }
  }

  /**
   * Nobody wants the results any more. It may take minutes, and a restart begins again. The bundle is closed by what the chain says, not here: a
   * prover may have committed, and a job that comes back meanwhile goes on with this workload.
   */
  #cancel(bundle: StoredBundle, signal: AbortSignal): void {
    if (this.#cancels.has(bundle.id) || this.#cancelled.has(bundle.id)) return
    const { requester, log } = this.#options
    const wanted = new AbortController()
    const about = { stage: 'cancel', bundle: bundle.id, workload: bundle.workload }
    log.info('a workload is cancelled: its jobs are over', about)
    const running = requester
      .cancel(bundle, AbortSignal.any([signal, wanted.signal]))
      .catch((error: unknown) => {
        if (!isRefusedForGood(error)) throw error
        log.info('a workload can be cancelled no more', { ...about, error })
      })
      .then(() => void this.#cancelled.add(bundle.id))
      .catch((error: unknown) => {
        if (wanted.signal.aborted) log.info('a workload is wanted again', about)
        else if (!signal.aborted) log.warn('a workload could not be cancelled yet', { ...about, error })
      })
      .finally(() => this.#cancels.delete(bundle.id))
    this.#cancels.set(bundle.id, { running, wanted })
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
