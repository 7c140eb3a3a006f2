import type { Hex, ProgramId, WorkloadId } from '../../chain/hex.js'
import { openDeliveries } from '../../client/delivery/openDeliveries.js'
import { fetchProofOf } from '../../client/fetchProof.js'
import type { GevulotClient } from '../../client/createClient.js'
import type { Workload } from '../../client/Workload.js'
import { parseDigest, type Digest } from '../../content/digest.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { AztecMetrics } from '../observe/AztecMetrics.js'
import { readBundleProof } from '../protocol/bundle.js'
import { resultJson } from '../protocol/result.js'
import type { JobBook, StoredBundle, StoredJob } from '../store/JobBook.js'
import type { ResultFiles } from '../store/ResultFiles.js'

/** Whom to believe that results are right; see docs/aztec.md. */
export type Trust = 'program' | 'form' | 'committee'

/** What a {@link NetworkProver} works with. */
export interface NetworkProverOptions {
  readonly client: GevulotClient
  readonly book: JobBook
  readonly results: ResultFiles
  readonly metrics: AztecMetrics
  readonly log: Logger
  /**
   * program: a sealed delivery counts once the program's verifier, run here, says so. form: once its form is right; only for simulated proofs.
   * committee: nothing counts before the network's own verdict.
   */
  readonly trust: Trust
  /** Whether results that prove nothing are taken. */
  readonly simulated: boolean
  /** Whether to pay what the balance in the market lacks from the account's tokens. */
  readonly deposit: boolean
  /** Where verifier packages are kept. */
  readonly cacheDirectory: string
}

const AT_ONCE = 8
const REORG_MARGIN = 256
const VERIFY_SECONDS = 300

/** What the operator has to mend; the bundle did nothing wrong, and waits. */
const OPERATORS = ['CONTRACT_INSUFFICIENT_BALANCE', 'CONTRACT_ERC20_INSUFFICIENT_BALANCE', 'CHAIN_GAS_FUNDS_LOW']

/**
 * Turns bundles into workloads and workloads into results. The nonce of a bundle is durable before anything is sent, and the same request with the
 * same nonce is found, not submitted twice.
 */
export class NetworkProver {
  readonly #options: NetworkProverOptions
  /** Proofs that were looked at and refused, by digest and workload. */
  readonly #refused = new Set<string>()
  readonly #cancels = new Map<number, Promise<void>>()

  constructor(options: NetworkProverOptions) {
    this.#options = options
  }

  /** Does the next thing for every bundle that is not closed. */
  async advance(signal: AbortSignal): Promise<void> {
    const bundles = await this.#options.book.openBundles()
    for (const bundle of bundles.filter(({ state }) => state === 'made')) {
      // One after the other, and none past one that failed: each takes the account's next nonce.
      if (!(await this.#guarded(bundle, signal, () => this.#submit(bundle, signal)))) break
    }
    const submitted = bundles.filter(({ state }) => state === 'submitted')
    for (let at = 0; at < submitted.length; at += AT_ONCE) {
      const some = submitted.slice(at, at + AT_ONCE)
      await Promise.all(some.map((bundle) => this.#guarded(bundle, signal, () => this.#look(bundle, signal))))
    }
  }

  /** Resolves when no cancel is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#cancels.values())
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
    const { client, book, metrics, log, deposit } = this.#options
    const jobs = await book.ofBundle(bundle.id)
    // Nothing is sent yet: what nobody wants any more need not be paid.
    if (bundle.nonce === null && jobs.every(({ state }) => state === 'closed')) {
      return book.closeBundle(bundle.id, 'all of its jobs are over')
    }
    if (bundle.nonce === null && client.clock.now() > bundle.deadline) {
      return book.closeBundle(bundle.id, 'the epoch is over')
    }
    const fee = BigInt(bundle.fee)
    try {
      const { market, nonce: next } = await client.getBalance()
      const nonce = bundle.nonce ?? next
      // With a nonce that is used the fee is paid already.
      if (deposit && market < fee && nonce >= next) await client.deposit({ amount: fee - market, signal })
      await book.noteBundle(bundle.id, { nonce })
      const { workload, block } = await client.submit({
        program: bundle.program as ProgramId,
        inputs: { digest: bundle.inputs, publicInputs: bundle.public_inputs as Hex },
        ...{ fee, maxRunTime: bundle.max_run_time, redundancy: bundle.redundancy, nonce, signal },
      })
      await book.noteBundle(bundle.id, { state: 'submitted', workload, block })
      const [job] = jobs
      if (job !== undefined) metrics.onBundle(job.type, jobs.length, fee)
      log.info('submitted', { stage: 'submit', bundle: bundle.id, workload, jobs: jobs.length })
    } catch (error) {
      // Somebody else acted for the account: this bundle takes another nonce.
      if (GevulotError.is(error, 'CLIENT_NONCE_USED') || GevulotError.is(error, 'CONTRACT_WRONG_NONCE')) {
        return book.noteBundle(bundle.id, { nonce: null })
      }
      if (!(error instanceof GevulotError) || error.retryable) throw error
      if (OPERATORS.includes(error.code)) {
        await book.noteBundle(bundle.id, { nonce: null })
        log.error('the account cannot pay for a bundle', { stage: 'submit', bundle: bundle.id, error })
        throw error
      }
      await book.closeBundle(bundle.id, `${error.code}: ${error.message}`)
      log.error('a bundle is refused', { stage: 'submit', bundle: bundle.id, error })
    }
  }

  async #look(bundle: StoredBundle, signal: AbortSignal): Promise<void> {
    const { client, book, log } = this.#options
    const jobs = await book.ofBundle(bundle.id)
    const workload = await client.getWorkload({
      workload: bundle.workload as WorkloadId,
      ...(bundle.block !== null && { fromBlock: Math.max(client.contracts.fromBlock, bundle.block - REORG_MARGIN) }),
      signal,
    })
    const isProven = jobs.some(({ result }) => result !== null) || (await this.#collect(bundle, jobs, workload, signal))
    if (isProven) {
      await this.#release(workload, signal)
      return book.closeBundle(bundle.id, null)
    }
    const over = overBecause(workload) ?? (client.clock.now() > bundle.deadline ? 'the epoch is over' : undefined)
    if (over !== undefined) {
      log.warn('a bundle ends without results', { stage: 'expire', bundle: bundle.id, workload: bundle.workload, why: over }) // prettier-ignore
      return book.closeBundle(bundle.id, over)
    }
    if (jobs.every(({ state }) => state === 'closed')) this.#cancel(bundle, signal)
  }

  /** Takes the first results that are right. @returns Whether there were any. */
  async #collect(
    bundle: StoredBundle,
    jobs: readonly StoredJob[],
    workload: Workload,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { client, trust } = this.#options
    const valid = workload.slots.filter(
      ({ status, seat }) => status === 'valid' && !this.#isRefused(bundle, String(seat)),
    )
    for (const { seat } of valid) {
      const { proof } = await fetchProofOf(client, workload, { seat, signal })
      if (await this.#keep(bundle, jobs, proof, String(seat))) return true
    }
    if (trust === 'committee' || client.inbox === undefined || client.deliveryKey === undefined) return false
    for (const { digest, operator, proof } of await openDeliveries(client, workload, { signal })) {
      if (this.#isRefused(bundle, digest)) continue
      if (trust === 'program' && !(await this.#verify(bundle, workload, operator, proof, digest, signal))) continue
      if (await this.#keep(bundle, jobs, proof, digest)) return true
    }
    return false
  }

  /** Runs the program's own verifier. A program that gives no verdict is asked again: the result may be right. */
  async #verify(
    bundle: StoredBundle,
    { workload, spec }: Workload,
    prover: Hex,
    proof: Uint8Array,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { client, cacheDirectory } = this.#options
    const verdict = await client.verifyProofWithProgram({
      ...{ program: spec.program, workload, prover, proof, inputs: parseDigest(spec.inputs), cacheDirectory, signal },
      seconds: VERIFY_SECONDS,
    })
    if (!verdict.valid) this.#refuse(bundle, digest, verdict.reason)
    return verdict.valid
  }

  /** Checks results completely and stores them, each as it will be reported. */
  async #keep(bundle: StoredBundle, jobs: readonly StoredJob[], proof: Uint8Array, name: string): Promise<boolean> {
    const { book, results, log, simulated } = this.#options
    try {
      const read = readBundleProof(jobs, proof)
      const isSimulated = read.some((result) => result.simulated)
      if (isSimulated && !simulated) {
        this.#refuse(bundle, name, 'they are simulated, and prove nothing')
        return false
      }
      const stored = new Map<string, string>()
      for (const [index, { id }] of jobs.entries()) {
        const result = read[index]
        if (result === undefined) throw new TypeError('unreachable: as many results as jobs')
        stored.set(id, await results.put(resultJson(result)))
      }
      await book.prove(stored)
      log.info('results are there', { stage: 'retrieve', bundle: bundle.id, workload: bundle.workload, jobs: jobs.length, simulated: isSimulated }) // prettier-ignore
      return true
    } catch (error) {
      if (!GevulotError.is(error, 'AZTEC_RESULT_INVALID')) throw error
      this.#refuse(bundle, name, error.message)
      return false
    }
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
  async #release(workload: Workload, signal: AbortSignal): Promise<void> {
    const { client, log } = this.#options
    if (workload.status !== 'proving' || workload.commits < workload.terms.redundancy) return
    try {
      await client.release({ workload: workload.workload, signal })
    } catch (error) {
      const closed = ['CONTRACT_COMMITS_CLOSED_ALREADY', 'CONTRACT_WRONG_PHASE']
      if (error instanceof GevulotError && closed.includes(error.code)) return
      log.warn('a workload could not be released', { stage: 'retrieve', workload: workload.workload, error })
    }
  }

  /** Nobody wants the results any more. It may take minutes, and a restart begins again. */
  #cancel(bundle: StoredBundle, signal: AbortSignal): void {
    if (this.#cancels.has(bundle.id)) return
    const { client, book, log } = this.#options
    const about = { stage: 'cancel', bundle: bundle.id, workload: bundle.workload }
    log.info('a workload is cancelled: its jobs are over', about)
    const running = client
      .cancel({ workload: bundle.workload as WorkloadId, signal })
      .catch((error: unknown) => {
        if (!(error instanceof GevulotError) || error.retryable) throw error
        log.info('a workload can be cancelled no more', { ...about, error })
      })
      .then(() => book.closeBundle(bundle.id, 'all of its jobs are over'))
      .catch((error: unknown) => {
        if (!signal.aborted) log.warn('a workload could not be cancelled yet', { ...about, error })
      })
      .finally(() => this.#cancels.delete(bundle.id))
    this.#cancels.set(bundle.id, running)
  }
}

/** Why no result can come any more. */
function overBecause(workload: Workload): string | undefined {
  switch (workload.status) {
    case 'cancelled':
      return 'the workload was cancelled'
    case 'expired':
      return workload.reason
    case 'settleable':
      return workload.outcome === 'Proven' ? 'its results are malformed' : workload.outcome
    case 'proven':
      return 'its results are malformed'
    default:
      return undefined
  }
}
