import type { JsonRpcApiProvider, TransactionReceipt } from 'ethers'
import { asChainError } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { chainError } from '../../errors/codes/chain.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { Bell } from '../Bell.js'
import type { ChainTime } from '../chain/ChainTime.js'
import type { Logger } from '../log/Logger.js'
import type { SentTx, TransactionJournal, TxEnd, TxVersion } from '../store/TransactionJournal.js'
import { bumpedFees, firstFees } from './fees.js'
import type { Outbox } from './Outbox.js'
import { enqueue, makePending, stopped, type Pending } from './Pending.js'
import { isRevert, simulate } from './simulate.js'
import type { TxOutcome, TxRequest } from './TxOutcome.js'
import type { TxSigner } from './TxSigner.js'

/** What a {@link Publisher} needs. */
export interface PublisherOptions {
  readonly provider: JsonRpcApiProvider
  readonly signer: TxSigner
  readonly journal: TransactionJournal
  readonly time: ChainTime
  readonly clock: Clock
  readonly log: Logger
  readonly pollMs: number
  /** Wei per gas. */
  readonly maxFee: bigint
  /** Wei per gas. */
  readonly tip: bigint
  readonly maxGas: bigint
  readonly bumpMs: number
  readonly maxInFlight: number
  /** Told how every transaction ended; once of one that ends again as before, because a reorg took its block away. */
  readonly onEnd?: (request: TxRequest, outcome: TxOutcome) => void
}

/** Of an empty transfer. */
const CANCEL_GAS = 21_000n
/** Nonces that a reorg gives back at most: an endpoint that says that all were must not make the worker sign for all that ever were. */
const MOST_GIVEN_BACK = 256
/** Nonces behind the newest one whose ends are remembered: far more than any reorg gives back. */
const REMEMBERED = 1_024

interface InFlight extends Pending {
  tx: SentTx
  /** Milliseconds; undefined when this process has not sent it yet. */
  lastSentAt: number | undefined
  /** Whether its nonce was found used, but no receipt of ours. */
  overtaken: boolean
}

/**
 * The one way transactions of an account leave this machine. They are simulated, signed, journalled and only then sent, one after the
 * other with consecutive nonces; several may wait to be mined at the same time. A transaction that is not mined is sent again with a
 * higher fee up to a ceiling; past its deadline its nonce is used up by an empty transfer, so that it can never be mined late.
 */
export class Publisher implements Outbox {
  readonly #options: PublisherOptions
  readonly #waiting: Pending[] = []
  readonly #inFlight = new Map<number, InFlight>()
  /** The nonce behind those that are known to have been used: an endpoint that lags does not know all of them, and a reorg gives some back. */
  #used = 0
  /** What the endpoint could not simulate, though it may simulate others: those have their turn first. */
  readonly #unanswered = new Set<Pending>()
  /** What ended at the newest nonces, and how. */
  readonly #ended = new Map<number, string>()
  #stopping = false
  /** Since when the chain is behind all that is in flight, or was mined. */
  #gapSince: number | undefined
  /** When the chain was asked for its nonce while nothing was in flight, milliseconds. */
  #idleAt = 0
  #isDown = false
  readonly #bell: Bell

  constructor(options: PublisherOptions) {
    this.#options = options
    this.#bell = new Bell(options.clock)
  }

  /** Publishes; resolves with how it ended, never rejects. */
  publish(request: TxRequest): Promise<TxOutcome> {
    const same = this.#find(request.key)
    if (same !== undefined) return same.outcome
    if (this.#stopping) return Promise.resolve(stopped())
    const pending = makePending(request)
    enqueue(this.#waiting, pending)
    this.#bell.ring()
    return pending.outcome
  }

  /** Whether a transaction of this key is waiting or sent. */
  isPending(key: string): boolean {
    return this.#find(key) !== undefined
  }

  /** Takes up what an earlier run of the worker had sent. Call it before {@link run}. */
  async recover(): Promise<void> {
    for (const tx of await this.#options.journal.pending()) {
      const { about } = this.#takeUp(tx, undefined)
      this.#options.log.info('a transaction of an earlier run is taken up', { ...about, nonce: tx.nonce })
    }
  }

  /** Works until `signal` is aborted. What is sent by then stays in the journal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, pollMs } = this.#options
    while (!signal.aborted) {
      try {
        this.#dropLate()
        await this.#watch()
        while (this.#inFlight.size < this.#options.maxInFlight && (await this.#sendNext()));
        this.#isDown = false
      } catch (error) {
        const level = this.#isDown ? 'debug' : 'warn'
        log[level]('transactions cannot be published now', {
          stage: 'publish',
          error: asChainError(error, 'publishing'),
        })
        this.#isDown = true
        // A new request must not cut this pause short.
        await clock.sleep(pollMs, signal).catch(() => undefined)
      }
      await this.#bell.wait(pollMs, signal)
    }
    this.#stopping = true
    for (const pending of this.#waiting.splice(0)) pending.resolve(stopped())
    for (const pending of this.#inFlight.values()) pending.resolve(stopped())
  }

  #find(key: string): Pending | undefined {
    return (
      this.#waiting.find(({ request }) => request.key === key) ??
      [...this.#inFlight.values()].find(({ request }) => request.key === key)
    )
  }

  // ─── Sending ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Simulates, signs, journals and sends the first waiting request; whether there may be another to send now. */
  async #sendNext(): Promise<boolean> {
    const pending = this.#nextWaiting()
    if (pending === undefined) return false
    const { request } = pending
    const drop = (outcome: TxOutcome): boolean => {
      this.#waiting.splice(this.#waiting.indexOf(pending), 1)
      this.#settle(pending, outcome)
      return true
    }
    this.#unanswered.add(pending)
    const gas = await this.#simulate(request)
    this.#unanswered.delete(pending)
    if (gas instanceof GevulotError) return drop({ kind: isRevert(gas) ? 'reverted' : 'failed', error: gas })
    if (gas > this.#options.maxGas) {
      return drop({
        kind: 'failed',
        error: refusal(`${request.key} needs ${gas} gas, more than ${this.#options.maxGas}`),
      })
    }
    const fees = firstFees(await this.#baseFee(), this.#options.tip, this.#options.maxFee)
    // Too dear now; it waits for a cheaper block until its deadline.
    if (fees === undefined) return false
    const { key, to, data, deadline } = request
    const nonce = await this.#nextNonce()
    const fields = { key, nonce, to, data, gasLimit: gas, ...(deadline !== undefined && { deadline }) }
    const version = await this.#options.signer.sign({ ...fields, ...fees }).catch(refusalOf)
    // What a signer will not sign must not keep back what stands behind it.
    if (version instanceof GevulotError) return drop({ kind: 'failed', error: version })
    const tx = await this.#options.journal.add(fields, version)
    this.#options.log.info('transaction signed', { ...request.about, nonce, hash: version.hash })
    this.#waiting.splice(this.#waiting.indexOf(pending), 1)
    const item: InFlight = { ...pending, tx, lastSentAt: this.#options.clock.elapsed(), overtaken: false }
    this.#inFlight.set(nonce, item)
    const refused = await this.#broadcast(version)
    if (refused === undefined) {
      this.#options.log.info('transaction sent', { ...request.about, nonce, hash: version.hash })
      return true
    }
    // No node took it, so the nonce is still free and nothing can be mined later.
    this.#inFlight.delete(nonce)
    await this.#options.journal.remove(tx)
    this.#settle(pending, { kind: 'failed', error: refused })
    return true
  }

  /** By priority; what was not answered comes again when everything else was asked. */
  #nextWaiting(): Pending | undefined {
    const next = this.#waiting.find((pending) => !this.#unanswered.has(pending))
    if (next !== undefined) return next
    this.#unanswered.clear()
    return this.#waiting[0]
  }

  /** Whatever waits for funds, a cheaper block or the endpoint must not wait past its deadline. */
  #dropLate(): void {
    for (const pending of this.#waiting.filter(({ request }) => this.#isLate(request))) {
      this.#waiting.splice(this.#waiting.indexOf(pending), 1)
      this.#settle(pending, { kind: 'expired' })
    }
  }

  /** The gas to send, or the decoded reason why the call reverts. */
  async #simulate(request: TxRequest): Promise<bigint | GevulotError> {
    const { provider, signer } = this.#options
    return simulate(provider, signer.address, request)
  }

  async #nextNonce(): Promise<number> {
    const mined = await this.#options.provider.getTransactionCount(this.#options.signer.address, 'latest')
    return Math.max(mined, this.#used, ...[...this.#inFlight.keys()].map((nonce) => nonce + 1))
  }

  async #baseFee(): Promise<bigint> {
    const block = await this.#options.provider.getBlock('latest')
    if (block === null) throw chainError('CHAIN_RPC_UNAVAILABLE', 'the endpoint has no newest block')
    return block.baseFeePerGas ?? 0n
  }

  /** Sends signed bytes. Answers an error only if the node certainly refused them; in any doubt they may be mined. */
  async #broadcast(version: TxVersion): Promise<GevulotError | undefined> {
    try {
      await this.#options.provider.broadcastTransaction(version.raw)
      return undefined
    } catch (error) {
      const known = asChainError(error, 'sending a transaction')
      this.#options.log.debug('the endpoint did not take a transaction', {
        stage: 'publish',
        hash: version.hash,
        error: known,
      })
      return GevulotError.is(known, 'CHAIN_GAS_FUNDS_LOW') ? known : undefined
    }
  }

  // ─── Watching ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Looks at everything in flight: mined, overtaken, too late, or to be sent again. */
  async #watch(): Promise<void> {
    const { provider, signer } = this.#options
    if (this.#inFlight.size === 0 && !this.#isIdleLookDue()) return
    const mined = await provider.getTransactionCount(signer.address, 'latest')
    await this.#fillGap(mined, this.#inFlight.size === 0 ? this.#used : Math.min(...this.#inFlight.keys()))
    for (const item of [...this.#inFlight.values()].sort((a, b) => a.tx.nonce - b.tx.nonce)) {
      if (item.tx.nonce < mined) await this.#conclude(item)
      else await this.#push(item)
    }
  }

  /** With nothing in flight the chain is asked for its nonce now and then only. */
  #isIdleLookDue(): boolean {
    const { clock, bumpMs } = this.#options
    if (this.#used === 0) return false
    if (this.#gapSince === undefined && clock.elapsed() - this.#idleAt < bumpMs) return false
    this.#idleAt = clock.elapsed()
    return true
  }

  /**
   * A reorg can take back what counted as mined; if the node has forgotten it, everything behind it is stuck, also what is still to come. It is sent as it was at
   * once; a gap that stays is no endpoint that lags, so what belongs into it is in flight again, with its deadline and a fee that rises. What somebody else had
   * signed with the key is not known here: an empty transfer takes its place.
   */
  async #fillGap(from: number, to: number): Promise<void> {
    const { clock, bumpMs, journal, log } = this.#options
    const now = clock.elapsed()
    const isNew = this.#gapSince === undefined
    if (from >= to) this.#gapSince = undefined
    else this.#gapSince ??= now
    const stays = this.#gapSince !== undefined && now - this.#gapSince >= bumpMs
    if (this.#gapSince === undefined || (!isNew && !stays)) return
    for (let nonce = Math.max(from, to - MOST_GIVEN_BACK); nonce < to; nonce++) {
      const tx = await journal.newestAt(nonce)
      const last = tx?.versions.at(-1)
      if (tx === undefined || last === undefined) {
        if (stays) await this.#useUp(nonce)
        continue
      }
      if (!stays) {
        await this.#broadcast(last)
        continue
      }
      await journal.reopen(tx)
      const { about } = this.#takeUp(tx, this.#gapSince)
      log.warn('a reorg took a transaction back: it is in flight again', { ...about, nonce })
    }
    if (stays) this.#gapSince = undefined
  }

  /** Signs an empty transfer for a nonce that no transaction of the journal has. */
  async #useUp(nonce: number): Promise<void> {
    const { clock, journal, log, maxFee, signer, tip } = this.#options
    const fees = firstFees(await this.#baseFee(), tip, maxFee)
    if (fees === undefined) return
    const version = await signer.signCancel(nonce, fees.maxFee, fees.priorityFee)
    const fields = { key: `gap/${nonce}`, nonce, to: signer.address, data: '0x', gasLimit: CANCEL_GAS }
    const { about } = this.#takeUp(await journal.add(fields, version), clock.elapsed())
    log.warn('a reorg took a transaction back that is not known here: its nonce is used up', { ...about, nonce })
    await this.#broadcast(version)
  }

  #takeUp(tx: SentTx, lastSentAt: number | undefined): TxRequest {
    const request: TxRequest = {
      key: tx.key,
      to: tx.to,
      data: tx.data,
      priority: 'answer',
      ...(tx.deadline !== undefined && { deadline: tx.deadline }),
      about: { stage: tx.key.split('/')[0] },
    }
    this.#inFlight.set(tx.nonce, { ...makePending(request), tx, lastSentAt, overtaken: false })
    return request
  }

  /** The nonce was used: by one of our versions, or by a stranger. */
  async #conclude(item: InFlight): Promise<void> {
    for (const version of item.tx.versions) {
      const receipt = await this.#options.provider.getTransactionReceipt(version.hash)
      if (receipt === null) continue
      if (version.cancels) return this.#end(item, 'expired', { kind: 'expired' })
      if (receipt.status === 1) {
        const { hash, blockNumber: block, gasUsed } = receipt
        return this.#end(item, 'mined', { kind: 'mined', hash, block, gasUsed })
      }
      return this.#end(item, 'reverted', {
        kind: 'reverted',
        hash: receipt.hash,
        error: await this.#whyReverted(item, receipt),
      })
    }
    // A node may know the new nonce before it has the receipt; only a second look counts.
    if (item.overtaken) return this.#end(item, 'superseded', { kind: 'superseded' })
    item.overtaken = true
  }

  /** Sends again what a node may have forgotten, with a higher fee when it has waited long enough. */
  async #push(item: InFlight): Promise<void> {
    const { clock, bumpMs, journal, signer, log } = this.#options
    const last = item.tx.versions.at(-1)
    if (last === undefined) return
    // A reorg took the block away in which the nonce was used.
    if (item.overtaken) item.lastSentAt = undefined
    item.overtaken = false
    const cancelled = last.cancels
    const late = this.#isLate(item.request) && !cancelled
    const isDue = item.lastSentAt === undefined || clock.elapsed() - item.lastSentAt >= bumpMs
    if (!late && !isDue) return
    // What this process has not sent yet is sent as it was signed: it is most likely mined already, or about to be.
    const asItIs = item.lastSentAt === undefined && !late
    // The empty transfer must be able to outbid what it replaces, which may stand at the ceiling; its gas is next to nothing.
    const ceiling = late || cancelled ? 2n * this.#options.maxFee : this.#options.maxFee
    const fees = asItIs ? undefined : bumpedFees(last, await this.#baseFee(), ceiling)
    item.lastSentAt = clock.elapsed()
    if (fees === undefined) {
      await this.#broadcast(last)
      return
    }
    const signing =
      late || cancelled
        ? signer.signCancel(item.tx.nonce, fees.maxFee, fees.priorityFee)
        : signer.sign({ ...item.tx, ...fees })
    const version = await signing.catch(refusalOf)
    if (version instanceof GevulotError) {
      log.warn('no higher fee was signed', { ...item.request.about, nonce: item.tx.nonce, error: version })
      if (!late) await this.#broadcast(last)
      return
    }
    item.tx = await journal.addVersion(item.tx, version)
    log.info(
      version.cancels ? 'transaction is too late; its nonce is used up' : 'transaction sent again with a higher fee',
      {
        ...item.request.about,
        nonce: item.tx.nonce,
        hash: version.hash,
      },
    )
    await this.#broadcast(version)
  }

  async #end(item: InFlight, state: TxEnd, outcome: TxOutcome): Promise<void> {
    const { key, nonce } = item.tx
    await this.#options.journal.end(item.tx, state)
    this.#used = Math.max(this.#used, nonce + 1)
    this.#inFlight.delete(nonce)
    const end = `${state} ${key}`
    const isAgain = this.#ended.get(nonce) === end
    this.#ended.set(nonce, end)
    this.#ended.delete(nonce - REMEMBERED)
    this.#settle(item, outcome, isAgain)
  }

  async #whyReverted(item: InFlight, receipt: TransactionReceipt): Promise<GevulotError> {
    const reason = await this.#simulate(item.request).catch(() => undefined)
    if (reason instanceof GevulotError) return reason
    return chainError('CHAIN_TRANSACTION_REVERTED', `${item.request.key} was mined and reverted`, {
      details: { transaction: receipt.hash },
    })
  }

  #settle(pending: Pending, outcome: TxOutcome, isAgain = false): void {
    this.#unanswered.delete(pending)
    const { about, key } = pending.request
    const level = outcome.kind === 'mined' ? 'info' : outcome.kind === 'superseded' ? 'error' : 'warn'
    this.#options.log[level](`transaction ${outcome.kind}`, { ...about, key, ...outcome })
    if (!isAgain) this.#options.onEnd?.(pending.request, outcome)
    pending.resolve(outcome)
  }

  #isLate({ deadline }: TxRequest): boolean {
    return deadline !== undefined && this.#options.time.now() > deadline
  }
}

/** A signer's final word; what may pass is thrown on. */
function refusalOf(error: unknown): GevulotError {
  if (error instanceof GevulotError && !error.retryable) return error
  throw error
}

function refusal(message: string): GevulotError {
  return chainError('CHAIN_REVERTED', message)
}
