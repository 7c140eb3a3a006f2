import type { JsonRpcApiProvider, TransactionReceipt } from 'ethers'
import { asChainError } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { chainError } from '../../errors/codes/chain.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { Bell } from '../Bell.js'
import type { ChainTime } from '../chain/ChainTime.js'
import type { Logger } from '../log/Logger.js'
import type { SentTx, TransactionJournal, TxEnd, TxVersion } from '../store/TransactionJournal.js'
import { Deadlines } from './Deadlines.js'
import { bumpedFees, firstFees } from './fees.js'
import type { Outbox } from './Outbox.js'
import { enqueue, makePending, stopped, type Pending } from './Pending.js'
import { isRevert, simulate } from './simulate.js'
import { TRANSACTION_LIMITS } from '../../chain/transactionLimits.js'
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

/** With what no node has taken a transaction; with anything else it may have been taken. */
const REFUSALS: readonly string[] = [
  'CHAIN_GAS_FUNDS_LOW',
  'CHAIN_FEE_REFUSED',
  'CHAIN_TRANSACTION_TOO_LARGE',
  'CHAIN_GAS_LIMIT_TOO_HIGH',
]
/** Of these, what is said of the transaction itself: it is no better the next time. */
const HOPELESS: readonly string[] = ['CHAIN_TRANSACTION_TOO_LARGE', 'CHAIN_GAS_LIMIT_TOO_HIGH']
/** Of an empty transfer. */
const CANCEL_GAS = 21_000n
/** Nonces that a reorg gives back at most: an endpoint that says that all were must not make the worker sign for all that ever were. */
const MOST_GIVEN_BACK = 256
/** Nonces behind the newest one whose ends are remembered: far more than any reorg gives back. */
const REMEMBERED = 1_024
/** Nonces between two looks for what can be forgotten. */
const FORGET_EVERY = 64
/** How long what has ended stays in the journal at least: long enough to look into what went wrong. */
const KEPT_MS = 7 * 86_400_000

interface InFlight extends Pending {
  tx: SentTx
  /** Milliseconds; undefined when this process has not sent it yet. */
  lastSentAt: number | undefined
  /** Whether its nonce was found used, but no receipt of ours. */
  overtaken: boolean
  /** Hashes of versions that were refused when they were sent last, for what they cost: no node has them. */
  readonly untaken: Set<string>
  /** Why no node will ever take it: an empty transfer takes its nonce. */
  refused?: GevulotError
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
  readonly #deadlines: Deadlines

  constructor(options: PublisherOptions) {
    this.#options = options
    this.#bell = new Bell(options.clock)
    this.#deadlines = new Deadlines(options.time, options.clock)
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

  /** The keys of all transactions that are waiting or sent. */
  pendingKeys(): readonly string[] {
    return [...this.#waiting, ...this.#inFlight.values()].map(({ request }) => request.key)
  }

  /** Takes up what an earlier run of the worker had sent. Call it before {@link run}. */
  async recover(): Promise<void> {
    const { journal, log, provider } = this.#options
    const pending = await journal.pending()
    if (pending.length > 0) await this.#deadlines.look(provider)
    for (const tx of pending) {
      if (!this.#isOwn(tx)) {
        // The key was changed: that nonce says nothing about this one's, which would wait behind it for ever. What it was for is decided anew.
        await journal.end(tx, 'superseded')
        log.info('a transaction that another key has signed is left to itself', { key: tx.key, nonce: tx.nonce })
        continue
      }
      const { about } = this.#takeUp(tx, undefined)
      log.info('a transaction of an earlier run is taken up', { ...about, nonce: tx.nonce })
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
    return [...this.#waiting, ...this.#inFlight.values()].find(({ request }) => request.key === key)
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
        error: chainError(
          'CHAIN_GAS_LIMIT_TOO_HIGH',
          `${request.key} needs ${gas} gas, more than maxGas (${this.#options.maxGas})`,
        ),
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
    // Nor must what no node takes: its nonce could not be used before its deadline.
    const bytes = (version.raw.length - 2) / 2
    if (bytes > TRANSACTION_LIMITS.bytes) {
      const message = `${key} makes a transaction of ${bytes} bytes, more than the ${TRANSACTION_LIMITS.bytes} that nodes take`
      return drop({ kind: 'failed', error: chainError('CHAIN_TRANSACTION_TOO_LARGE', message) })
    }
    const tx = await this.#options.journal.add(fields, version)
    this.#options.log.info('transaction signed', { ...request.about, nonce, hash: version.hash })
    this.#waiting.splice(this.#waiting.indexOf(pending), 1)
    const item: InFlight = { ...inFlight(pending, tx), lastSentAt: this.#options.clock.elapsed() }
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
    for (const pending of this.#waiting.filter(({ request }) => this.#deadlines.isLate(request))) {
      this.#waiting.splice(this.#waiting.indexOf(pending), 1)
      this.#settle(pending, { kind: 'expired' })
    }
  }

  /** The gas to send, or the decoded reason why the call reverts. */
  async #simulate(request: TxRequest): Promise<bigint | GevulotError> {
    const { maxGas, provider, signer } = this.#options
    return simulate(provider, signer.address, request, maxGas)
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
      return known instanceof GevulotError && REFUSALS.includes(known.code) ? known : undefined
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
      if (tx === undefined || last === undefined || !this.#isOwn(tx)) {
        if (stays) await this.#useUp(nonce)
        continue
      }
      if (!stays) {
        // The newest may be one that no node has ever taken.
        for (const version of tx.versions.filter(({ cancels }) => cancels === last.cancels).reverse())
          if ((await this.#broadcast(version)) === undefined) break
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

  #isOwn({ versions }: SentTx): boolean {
    return versions.every(({ raw }) => this.#options.signer.hasSigned(raw))
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
    this.#inFlight.set(tx.nonce, { ...inFlight(makePending(request), tx), lastSentAt })
    return request
  }

  /** The nonce was used: by one of our versions, or by a stranger. */
  async #conclude(item: InFlight): Promise<void> {
    for (const version of item.tx.versions) {
      const receipt = await this.#options.provider.getTransactionReceipt(version.hash)
      if (receipt === null) continue
      if (version.cancels) {
        const { refused } = item
        return this.#end(item, 'expired', refused ? { kind: 'failed', error: refused } : { kind: 'expired' })
      }
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
    const { versions } = item.tx
    const newest = versions.at(-1)
    // What no node has need not be outbid.
    const last = versions.findLast(({ hash }) => !item.untaken.has(hash)) ?? versions[0]
    if (newest === undefined || last === undefined) return
    // A reorg took the block away in which the nonce was used.
    if (item.overtaken) item.lastSentAt = undefined
    item.overtaken = false
    const cancelled = newest.cancels
    const late = (this.#deadlines.isLate(item.request) || item.refused !== undefined) && !cancelled
    const isDue = item.lastSentAt === undefined || clock.elapsed() - item.lastSentAt >= bumpMs
    if (!late && !isDue) return
    // What this process has not sent yet is sent as it was signed: it is most likely mined already, or about to be.
    const asItIs = item.lastSentAt === undefined && !late
    // The empty transfer must be able to outbid what it replaces, which may stand at the ceiling; its gas is next to nothing.
    const ceiling = late || cancelled ? 2n * this.#options.maxFee : this.#options.maxFee
    const fees = asItIs ? undefined : bumpedFees(last, await this.#baseFee(), ceiling)
    item.lastSentAt = clock.elapsed()
    const cancels = late || cancelled
    if (fees === undefined) return this.#sendAgain(item, newestTaken(item, cancels) ?? newest)
    // What was too dear is tried again before anything that is dearer still is signed.
    const dear = versions.find(
      (version) => version.cancels === cancels && item.untaken.has(version.hash) && version.maxFee <= fees.maxFee,
    )
    if (dear !== undefined) return this.#sendAgain(item, dear)
    const signing = cancels
      ? signer.signCancel(item.tx.nonce, fees.maxFee, fees.priorityFee)
      : signer.sign({ ...item.tx, ...fees })
    const version = await signing.catch(refusalOf)
    if (version instanceof GevulotError) {
      log.warn('no higher fee was signed', { ...item.request.about, nonce: item.tx.nonce, error: version })
      if (!late) await this.#sendAgain(item, newestTaken(item, cancels) ?? newest)
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
    await this.#sendAgain(item, version)
  }

  /**
   * Sends a version of what may have been taken before. Where it costs too much, the one before it is sent, which nodes may have forgotten. What no node takes now,
   * whatever its fee, keeps back all that is behind it: its nonce is used up.
   */
  async #sendAgain(item: InFlight, version: TxVersion): Promise<void> {
    const { cancels } = version
    for (let next: TxVersion | undefined = version; next !== undefined; next = newestTaken(item, cancels)) {
      const refused = await this.#broadcast(next)
      if (refused === undefined) return void item.untaken.delete(next.hash)
      item.untaken.add(next.hash)
      const about = { ...item.request.about, nonce: item.tx.nonce, hash: next.hash, error: refused }
      if (cancels || !HOPELESS.includes(refused.code)) {
        this.#options.log.warn('no node takes a transaction for its fee', about)
        continue
      }
      item.refused = refused
      return this.#options.log.warn('no node takes a transaction: its nonce is used up', about)
    }
  }

  async #end(item: InFlight, state: TxEnd, outcome: TxOutcome): Promise<void> {
    const { key, nonce } = item.tx
    const { clock, journal } = this.#options
    await journal.end(item.tx, state)
    if (nonce % FORGET_EVERY === 0) await journal.forget(nonce - REMEMBERED, clock.now() - KEPT_MS)
    this.#used = Math.max(this.#used, nonce + 1)
    this.#inFlight.delete(nonce)
    const end = `${state} ${key}`
    const isAgain = this.#ended.get(nonce) === end
    this.#ended.set(nonce, end)
    this.#ended.delete(nonce - REMEMBERED)
    this.#settle(item, outcome, isAgain)
  }

  async #whyReverted(item: InFlight, receipt: TransactionReceipt): Promise<GevulotError> {
    let cause: unknown
    const reason = await this.#simulate(item.request).catch((error: unknown) => void (cause = error))
    if (reason instanceof GevulotError) return reason
    return chainError('CHAIN_TRANSACTION_REVERTED', `${item.request.key} was mined and reverted`, {
      ...{ cause, details: { transaction: receipt.hash } },
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
}

function inFlight(pending: Pending, tx: SentTx): InFlight {
  return { ...pending, tx, lastSentAt: undefined, overtaken: false, untaken: new Set() }
}

/** The newest version that a node may have, of the request itself or of the transfer that takes its place. */
function newestTaken({ tx, untaken }: InFlight, cancels: boolean): TxVersion | undefined {
  return tx.versions.findLast((version) => version.cancels === cancels && !untaken.has(version.hash))
}

/** A signer's final word; what may pass is thrown on. */
function refusalOf(error: unknown): GevulotError {
  if (error instanceof GevulotError && !error.retryable) return error
  throw error
}
