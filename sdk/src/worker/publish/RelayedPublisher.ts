import type { JsonRpcApiProvider } from 'ethers'
import { asChainError, isAct, toAddress, type Action, type Contracts, type Hex } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { chainError } from '../../errors/codes/chain.js'
import { workerError } from '../../errors/codes/worker.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { toBody } from '../../relay/wire.js'
import { Bell } from '../Bell.js'
import type { ChainTime } from '../chain/ChainTime.js'
import type { Logger } from '../log/Logger.js'
import type { ActionJournal, SentAction } from '../store/ActionJournal.js'
import { askRelay } from './askRelay.js'
import { Deadlines } from './Deadlines.js'
import type { Outbox } from './Outbox.js'
import { enqueue, makePending, stopped, type Pending } from './Pending.js'
import type { RelayReach } from './RelayReach.js'
import { estimateGas, isRevert, simulate, withMargin } from './simulate.js'
import type { TxOutcome, TxRequest } from './TxOutcome.js'
import type { TxSigner } from './TxSigner.js'

/** What a {@link RelayedPublisher} needs. */
export interface RelayedPublisherOptions {
  /** Sends what cannot be relayed, and everything once no relay helps and the account can pay. */
  readonly direct: Outbox
  readonly contracts: Contracts
  readonly provider: JsonRpcApiProvider
  readonly signer: TxSigner
  readonly journal: ActionJournal
  readonly time: ChainTime
  readonly clock: Clock
  readonly log: Logger
  /** Base URLs, in the order in which they are asked; not empty. */
  readonly relays: readonly string[]
  /** Knows what each takes. */
  readonly reach: Pick<RelayReach, 'mostGas'>
  readonly pollMs: number
  /** How long a relay has to get an action mined before the next one is asked. */
  readonly patienceMs: number
  readonly maxGas: bigint
  readonly maxInFlight: number
  /** Told how every act ended that was not left to `direct`. */
  readonly onEnd?: (request: TxRequest, outcome: TxOutcome) => void
}

/** Longest time for which an action is signed, seconds: after that a relay cannot use it any more, and it is signed again. */
const SIGNED_FOR = 600
const BLOCKS_AT_ONCE = 2_000
/** How often as long as a relay is given the own account is waited for, before relays are asked again. */
const AGAIN = 2
/** The chain may have been replaced from a block below the one that was newest when an act was signed. */
const REORG_MARGIN = 256
/** Blocks and time for which an act that has ended is remembered: far more than any reorg takes back, and than any signature lives. */
const [REMEMBERED_BLOCKS, REMEMBERED_MS] = [4_096, 7 * 86_400_000]
/** Ends between two looks for what can be forgotten. */
const FORGET_EVERY = 64

/** What the own account sends for an act. */
interface Own {
  readonly end: Promise<void>
  outcome?: TxOutcome
}

/**
 * The outbox of an account without gas: signs its acts (EIP-712) and hands them to relays, which carry them out through the relay
 * contract. No relay is believed: an act is done when the contract says that its nonce is spent, in a transaction that holds the act. All
 * signatures of an act have one nonce, so whatever relays do with them, it is carried out at most once.
 */
export class RelayedPublisher implements Outbox {
  readonly #options: RelayedPublisherOptions
  readonly #waiting: Pending[] = []
  readonly #carried = new Map<string, Pending>()
  /** What `direct` has of acts that have not ended here. Its end counts whenever it comes: `direct` does not know it any more afterwards. */
  readonly #own = new Map<string, Own>()
  /** Outcomes that `direct` has told of itself. */
  readonly #told = new WeakSet<TxOutcome>()
  readonly #bell: Bell
  readonly #deadlines: Deadlines
  /** The relay that is asked first. */
  #first = 0
  #ends = 0
  #stopping = false

  constructor(options: RelayedPublisherOptions) {
    this.#options = options
    this.#bell = new Bell(options.clock)
    this.#deadlines = new Deadlines(options.time, options.clock)
  }

  publish(request: TxRequest): Promise<TxOutcome> {
    const { contracts, direct } = this.#options
    const same = this.#find(request.key)
    if (same !== undefined) return same.outcome
    if (!isAct(contracts, { target: toAddress(request.to), data: request.data as Hex })) return direct.publish(request)
    if (this.#stopping) return Promise.resolve(stopped())
    const pending = makePending(request)
    // What an earlier run has sent may end before this has its turn.
    this.#ownOf(request)
    enqueue(this.#waiting, pending)
    this.#bell.ring()
    return pending.outcome
  }

  isPending(key: string): boolean {
    return this.#find(key) !== undefined || this.#options.direct.isPending(key)
  }

  pendingKeys(): readonly string[] {
    const own = [...this.#waiting, ...this.#carried.values()].map(({ request }) => request.key)
    return [...new Set([...own, ...this.#options.direct.pendingKeys()])]
  }

  async recover(): Promise<void> {
    const { direct, journal, log, provider } = this.#options
    await direct.recover()
    const acts = await journal.pending()
    if (acts.length > 0) await this.#deadlines.look(provider)
    for (const { key, to, data, deadline } of acts) {
      const about = { stage: key.split('/')[0] }
      void this.publish({ key, to, data, priority: 'answer', about, ...(deadline !== undefined && { deadline }) })
      log.info('an act of an earlier run is taken up', { ...about, key })
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#options.direct.run(signal), this.#work(signal)])
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { pollMs, maxInFlight } = this.#options
    const all = new Set<Promise<void>>()
    while (!signal.aborted) {
      while (this.#carried.size < maxInFlight) {
        const pending = this.#waiting.shift()
        if (pending === undefined) break
        this.#carried.set(pending.request.key, pending)
        const carrying = this.#carry(pending, signal).finally(() => all.delete(carrying))
        all.add(carrying)
      }
      await this.#bell.wait(pollMs, signal)
    }
    this.#stopping = true
    for (const pending of this.#waiting.splice(0)) pending.resolve(stopped())
    await Promise.all(all)
  }

  #find(key: string): Pending | undefined {
    return this.#carried.get(key) ?? this.#waiting.find(({ request }) => request.key === key)
  }

  /** Takes an act to its end. */
  async #carry(pending: Pending, signal: AbortSignal): Promise<void> {
    const { log, onEnd } = this.#options
    const { about, key } = pending.request
    const outcome = await this.#outcomeOf(pending.request, signal).catch((error: unknown): TxOutcome => {
      const known = error instanceof GevulotError ? error : workerError('WORKER_STOPPED', String(error))
      return signal.aborted ? stopped() : { kind: 'failed', error: known }
    })
    this.#carried.delete(key)
    this.#own.delete(key)
    if (!signal.aborted) {
      log[outcome.kind === 'mined' ? 'info' : 'warn'](`act ${outcome.kind}`, { ...about, key, ...outcome })
      if (!this.#told.has(outcome)) onEnd?.(pending.request, outcome)
    }
    pending.resolve(outcome)
    this.#bell.ring()
  }

  async #outcomeOf(request: TxRequest, signal: AbortSignal): Promise<TxOutcome> {
    const { journal, time, pollMs, patienceMs, clock, maxGas, log } = this.#options
    const { key, to, data, deadline, about } = request
    const take = (): Promise<SentAction> =>
      journal.take({ key, to, data, block: time.block, ...(deadline !== undefined && { deadline }) })
    let sent = await take()
    let waitUntil: number | undefined
    const end = async (outcome: TxOutcome): Promise<TxOutcome> => {
      // With the nonce of an act that its account has cancelled, the next time could never be carried out.
      const isSpent = outcome.kind === 'mined' || outcome.kind === 'superseded'
      await journal.end(sent, isSpent ? 'done' : 'dropped')
      await this.#forget()
      return outcome
    }
    for (;;) {
      signal.throwIfAborted()
      try {
        const own = this.#ownOf(request)
        const ownEnd = own?.outcome
        if (ownEnd?.kind === 'mined') return await end(ownEnd)
        // After any other end of it: a relay may have been faster.
        const spent = await this.#spent(sent)
        if (typeof spent === 'object') return await end(spent)
        if (this.#deadlines.isLate(request) && own === undefined) return await end({ kind: 'expired' })
        if (spent === 'unseen' && clock.elapsed() < (waitUntil ??= clock.elapsed() + patienceMs)) throw notSeen(sent)
        if (spent !== undefined) {
          // As after a backup was restored: with this nonce it could never be carried out. If it was after all, it reverts in simulation.
          log.warn('another act has spent the nonce of an act; it gets a new one', { ...about, key, nonce: sent.nonce })
          await journal.end(sent, 'done')
          sent = await take()
          waitUntil = undefined
          continue
        }
        if (ownEnd !== undefined) return await end(ownEnd)
        const gas = await estimateGas(this.#options.provider, this.#options.signer.address, request)
        if (own !== undefined && (gas instanceof GevulotError || gas > maxGas)) {
          // As when what the account itself has sent was just carried out, or is about to be: that has its own end.
          await this.#untilEnd(own, signal)
          continue
        }
        if (gas instanceof GevulotError) {
          // It reverts too when it was carried out a moment ago.
          const done = await this.#ended(sent)
          return await end(done ?? { kind: isRevert(gas) ? 'reverted' : 'failed', error: gas })
        }
        if (gas > maxGas) {
          const message = `${key} needs ${gas} gas, more than maxGas (${maxGas})`
          return await end({ kind: 'failed', error: chainError('CHAIN_GAS_LIMIT_TOO_HIGH', message) })
        }
        if (await this.#offer(request, sent, gas, signal)) continue
        const outcome = await this.#withoutRelay(request, signal)
        if (outcome !== undefined) return await end(outcome)
        if (this.#hasOwnEnded(request)) continue
      } catch (error) {
        if (signal.aborted || (error instanceof GevulotError && !error.retryable)) throw error
        this.#options.log.debug('an act cannot be relayed now', { ...request.about, key, error })
      }
      await clock.sleep(pollMs, signal)
    }
  }

  /** Now and then, at the first end too. What cannot be forgotten now is forgotten later. */
  async #forget(): Promise<void> {
    const { clock, journal, log, time } = this.#options
    if (this.#ends++ % FORGET_EVERY !== 0) return
    await journal
      .forget(time.block - REMEMBERED_BLOCKS, clock.now() - REMEMBERED_MS)
      .catch((error: unknown) => log.warn('acts that ended long ago cannot be forgotten', { stage: 'prune', error }))
  }

  /**
   * Offers an act to one relay after the other.
   * @param estimate What the act takes. It asks for more, as far as the relay gives more: asked for too much a relay would refuse what it could carry out.
   * @returns Whether it may have been carried out; false: none of them helps.
   */
  async #offer(request: TxRequest, sent: SentAction, estimate: bigint, signal: AbortSignal): Promise<boolean> {
    const { relays, reach, maxGas, log } = this.#options
    const bytes = (request.data.length - 2) / 2
    for (let asked = 0; asked < relays.length && !this.#deadlines.isLate(request); asked++) {
      if (this.#hasOwnEnded(request)) return true
      const number = (this.#first + asked) % relays.length
      const url = relays[number] ?? ''
      const relay = new URL(url).host
      const most = await reach.mostGas(url, bytes)
      const body = await this.#bodyOf(request, sent, withMargin(estimate, most < maxGas ? most : maxGas))
      const answer = await askRelay(url, body, signal)
      signal.throwIfAborted()
      const about = { ...request.about, key: request.key, relay, ...this.#timeLeft(request) }
      if (!answer.taken) {
        log.warn('a relay does not take an act', { ...about, why: answer.why })
        continue
      }
      log.info('act handed to a relay', { ...about, nonce: sent.nonce })
      if (await this.#isCarriedOut(sent, request, signal)) {
        if (!this.#hasOwnEnded(request)) this.#first = number
        return true
      }
      log.error('a relay took an act and does not carry it out', about)
    }
    return false
  }

  /** Waits for a relay that took an act. What the own account has sent only counts if it was mined: that it reverts may be this relay's doing. */
  async #isCarriedOut(sent: SentAction, request: TxRequest, signal: AbortSignal): Promise<boolean> {
    const { clock, maxGas, patienceMs, pollMs, provider, signer } = this.#options
    for (const until = clock.elapsed() + patienceMs; clock.elapsed() < until && !this.#deadlines.isLate(request);) {
      if (this.#own.get(request.key)?.outcome?.kind === 'mined' || (await this.#isSpent(sent))) return true
      await clock.sleep(pollMs, signal)
    }
    // Somebody else may have made it pointless: then no relay is at fault.
    const gas = await simulate(provider, signer.address, request, maxGas)
    return gas instanceof GevulotError && isRevert(gas)
  }

  /**
   * No relay helps: says how much time is left, and sends the act from the own account if that can pay.
   * @returns How the act ends if nothing more can be done for it.
   */
  async #withoutRelay(request: TxRequest, signal: AbortSignal): Promise<TxOutcome | undefined> {
    const { provider, signer, log, relays } = this.#options
    const about = { ...request.about, key: request.key, stage: 'relay', ...this.#timeLeft(request) }
    // What it has sent may have taken all that it had.
    if (this.#own.has(request.key) || (await provider.getBalance(signer.address)) > 0n) {
      log.warn('no relay carries out an act; it goes out from the own account', about)
      await this.#untilEnd(this.#ownOf(request) ?? this.#sendOwn(request), signal)
      if (this.#ownOf(request) !== undefined) return undefined
    }
    log.error('no relay carries out an act, and the account has no gas money', about)
    if (request.deadline !== undefined) return undefined
    // Whoever asked for it asks again.
    const message = `none of ${relays.length} relays carries out ${request.key}`
    return { kind: 'failed', error: workerError('WORKER_NO_RELAY', message) }
  }

  /** What the own account sends for an act, also when an earlier run had sent it; undefined: nothing. */
  #ownOf(request: TxRequest): Own | undefined {
    const own = this.#own.get(request.key)
    const outcome = own?.outcome
    // No node has it, and relays may be back.
    const isUnpaid = outcome?.kind === 'failed' && outcome.error.code === 'CHAIN_GAS_FUNDS_LOW'
    if (own !== undefined && !isUnpaid) return own
    this.#own.delete(request.key)
    return this.#options.direct.isPending(request.key) ? this.#sendOwn(request) : undefined
  }

  #hasOwnEnded({ key }: TxRequest): boolean {
    return this.#own.get(key)?.outcome !== undefined
  }

  #sendOwn(request: TxRequest): Own {
    const { direct } = this.#options
    const end = direct.publish(request).then((outcome) => {
      this.#told.add(outcome)
      own.outcome = outcome
    })
    const own: Own = { end }
    this.#own.set(request.key, own)
    return own
  }

  /** It may wait long for a cheaper block; a relay may be back by then, and whichever comes second does nothing. */
  async #untilEnd(own: Own, signal: AbortSignal): Promise<void> {
    const { clock, patienceMs } = this.#options
    await Promise.race([own.end, clock.sleep(AGAIN * patienceMs, signal)])
  }

  /** The signed act as it is sent. All that is signed for an act has its nonce. */
  async #bodyOf(request: TxRequest, sent: SentAction, gas: bigint): Promise<string> {
    const { signer, contracts } = this.#options
    const { addresses, chainId } = contracts
    const action = this.#actionOf(request, sent, gas)
    const signature = await signer.signAction({ chainId, relay: addresses.relay }, action)
    return toBody(chainId, addresses.relay, action, signature)
  }

  #actionOf({ to, data, deadline }: TxRequest, { nonce }: SentAction, gas: bigint): Action {
    const { signer } = this.#options
    const until = this.#deadlines.now() + SIGNED_FOR
    return {
      ...{ from: signer.address, target: toAddress(to), gas, nonce, data: data as Hex },
      deadline: deadline === undefined ? until : Math.min(Math.floor(deadline), until),
    }
  }

  async #isSpent({ nonce }: SentAction): Promise<boolean> {
    const { contracts, signer } = this.#options
    try {
      return await contracts.relay.isNonceUsed(signer.address, nonce)
    } catch (error) {
      throw asChainError(error, 'asking whether an act was carried out')
    }
  }

  /** How an act ended that was carried out or cancelled; undefined: neither. */
  async #ended(sent: SentAction): Promise<TxOutcome | undefined> {
    const spent = await this.#spent(sent)
    if (spent === 'unseen') throw notSeen(sent)
    return spent === 'otherwise' ? undefined : spent
  }

  /**
   * What spent the nonce of an act; undefined: nothing yet. `otherwise`: another act. `unseen`: the endpoint has no event of it, because its logs lag
   * behind its state, or because that was before the act was signed.
   */
  async #spent(sent: SentAction): Promise<TxOutcome | 'otherwise' | 'unseen' | undefined> {
    const { contracts, signer } = this.#options
    if (!(await this.#isSpent(sent))) return undefined
    try {
      const filter = contracts.relay.filters.NonceSpent(signer.address)
      // Backwards in steps that every endpoint answers: it is nearly always among the newest blocks.
      const oldest = Math.max(contracts.fromBlock, sent.block - REORG_MARGIN)
      for (let to = await contracts.provider.getBlockNumber(); to >= oldest; to -= BLOCKS_AT_ONCE) {
        const from = Math.max(oldest, to - BLOCKS_AT_ONCE + 1)
        const events = await contracts.relay.queryFilter(filter, from, to)
        const event = events.findLast(({ args }) => args.nonce === sent.nonce)
        if (event === undefined) continue
        if (event.args.cancelled) return { kind: 'superseded' }
        // However it was relayed, the call data of the transaction holds the act.
        const transaction = await contracts.provider.getTransaction(event.transactionHash)
        if (transaction === null) return 'unseen'
        if (!transaction.data.toLowerCase().includes(sent.data.slice(2).toLowerCase())) return 'otherwise'
        // The relay has paid for the gas.
        return { kind: 'mined', hash: event.transactionHash, block: event.blockNumber, gasUsed: 0n }
      }
    } catch (error) {
      throw asChainError(error, 'reading how an act was carried out')
    }
    return 'unseen'
  }

  /** For people: until when the act is of use. */
  #timeLeft({ deadline }: TxRequest): { readonly deadline?: number; readonly secondsLeft?: number } {
    if (deadline === undefined) return {}
    return { deadline, secondsLeft: Math.floor(deadline) - this.#deadlines.now() }
  }
}

function notSeen({ key }: SentAction): GevulotError {
  return chainError('CHAIN_RPC_UNAVAILABLE', `the endpoint has no event of the nonce of ${key}, which is spent`)
}
