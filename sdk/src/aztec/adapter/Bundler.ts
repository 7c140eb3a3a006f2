import { keccak256 } from 'ethers'
import { parseDigest, hexOf } from '../../content/digest.js'
import { parseInputsManifest, PUBLIC_INPUTS, type InputFile } from '../../content/InputsManifest.js'
import { encodeManifest } from '../../content/manifestJson.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { Requester } from '../network/Requester.js'
import type { Spending } from '../network/Spending.js'
import { bundleStatement, inputName } from '../protocol/bundle.js'
import type { JobBook, StoredJob } from '../store/JobBook.js'
import type { Lane } from './Lane.js'
import { planBundles, secondsOf } from './planBundles.js'

/** What a {@link Bundler} works with. */
export interface BundlerOptions {
  readonly requester: Requester
  readonly book: JobBook
  readonly spending: Spending
  readonly log: Logger
  readonly lanes: readonly Lane[]
  /** Workloads that may end without a result before a job is reported as failed. */
  readonly attempts: number
  /** Seconds from the first job of an epoch until results are of no use. */
  readonly windowSeconds: number
}

/** Mirrors the market's least run time that is worth a draw: below it nobody can answer. */
const MIN_RUN_SECONDS = 30

/** Makes bundles of waiting jobs: publishes their inputs and fixes the terms of their workloads, before anything is paid. */
export class Bundler {
  readonly #options: BundlerOptions

  constructor(options: BundlerOptions) {
    this.#options = options
  }

  /**
   * Makes every bundle that is due.
   * @returns Whether jobs were given up: there is neither time nor money for more like them now.
   */
  async bundle(signal: AbortSignal): Promise<boolean> {
    const { book, lanes, requester, attempts, log } = this.#options
    const open = (await book.inState('waiting')).filter((job) => job.attempts < attempts)
    // Paid for once, without a result, and with another agent by now.
    for (const { id } of open.filter(({ held }) => !held))
      await book.abandon(id, 'given-up', 'another agent works on it')
    const waiting = open.filter(({ held }) => held)
    let gaveUp = false
    for (const [index, lane] of lanes.entries()) {
      for (const jobs of planBundles(waiting, lane, requester.clock.now())) {
        signal.throwIfAborted()
        try {
          if (!(await this.#make(jobs, index, lane, signal))) gaveUp = true
        } catch (error) {
          signal.throwIfAborted()
          log.warn('a bundle cannot be made yet', { stage: 'submit', jobs: jobs.length, error })
        }
      }
    }
    return gaveUp
  }

  /** @returns Whether it was not given up. */
  async #make(jobs: readonly StoredJob[], index: number, lane: Lane, signal: AbortSignal): Promise<boolean> {
    const { requester, book, spending, log, windowSeconds } = this.#options
    const [first] = jobs
    if (first === undefined) return true
    const { epoch, type } = first
    const now = requester.clock.now()
    const deadline = (await book.firstSeen(epoch)) + windowSeconds * 1000
    const maxRunTime = runTimeOf(jobs, lane, (deadline - now) / 1000)
    if (maxRunTime < MIN_RUN_SECONDS) return this.#giveUp(jobs, 'the epoch has no time left for it')
    const { program, redundancy, feePercent } = lane
    const fee = ((await requester.quote({ program, maxRunTime, redundancy })) * BigInt(feePercent)) / 100n
    if (fee > (await spending.leftFor(epoch, now))) return this.#giveUp(jobs, 'the budget is used up')
    // The order that `ofBundle` gives back, whatever was closed meanwhile.
    const sorted = jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const terms = {
      lane: index,
      program,
      epoch,
      type,
      fee: String(fee),
      max_run_time: maxRunTime,
      redundancy,
      deadline,
    }
    const made = await book.bundle({ ...terms, ...(await this.#publish(sorted, signal)) }, sorted.map(({ id }) => id)) // prettier-ignore
    if (made === undefined) return true
    log.info('a bundle is made', { stage: 'submit', bundle: made.id, epoch, type, jobs: jobs.length, maxRunTime, fee }) // prettier-ignore
    return true
  }

  /** The inputs of the jobs are published already: what is missing is what says which they are. */
  async #publish(jobs: readonly StoredJob[], signal: AbortSignal) {
    const { store } = this.#options.requester
    const statement = bundleStatement(jobs)
    const { digest, size } = await store.put(statement, { signal })
    const files: InputFile[] = [
      { name: PUBLIC_INPUTS, sha256: hexOf(digest), size },
      ...jobs.map(({ inputs, input_bytes }, index) => ({
        ...{ name: inputName(index), sha256: hexOf(parseDigest(inputs)), size: input_bytes },
      })),
    ]
    files.sort((a, b) => (a.name < b.name ? -1 : 1))
    const manifest = encodeManifest({ schema: 'gevulot/inputs@1', args: [], files })
    parseInputsManifest(manifest.bytes)
    await store.put(manifest.bytes, { signal })
    return { inputs: manifest.digest, public_inputs: keccak256(statement) }
  }

  /** The broker's time-out hands them to another agent, and they count as no attempt. */
  async #giveUp(jobs: readonly StoredJob[], why: string): Promise<false> {
    const { book, log } = this.#options
    log.error('jobs are given up', { stage: 'submit', jobs: jobs.map(({ id }) => id), why })
    for (const { id } of jobs) await book.abandon(id, 'given-up', why)
    return false
  }
}

/** Seconds that a workload gets: what its jobs take, within what is left of the epoch. */
function runTimeOf(jobs: readonly StoredJob[], lane: Lane, left: number): number {
  const wanted = Math.max(MIN_RUN_SECONDS, secondsOf(jobs, lane) + lane.spareSeconds)
  return Math.floor(Math.min(wanted, lane.maxRunTime, left))
}
