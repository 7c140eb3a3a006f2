import type { JsonRpcApiProvider } from 'ethers'
import {
  asChainError,
  decodeEvent,
  pointsOf,
  receiptOf,
  type Address,
  type BlockRef,
  type Contracts,
  type Receipt,
} from '../../chain/index.js'
import { EPOCH_MARGIN_PERCENT } from '../../chain/epochMargin.js'
import type { WorkloadId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import { Pauses } from '../coordinate/Pauses.js'
import type { Logger } from '../log/Logger.js'
import type { Outbox } from '../publish/Outbox.js'
import type { TxOutcome } from '../publish/TxOutcome.js'
import type { EventStore } from '../store/EventStore.js'
import type { RewardStore } from '../store/RewardStore.js'

/** What a {@link RewardCollector} needs. */
export interface RewardCollectorOptions {
  readonly config: Pick<WorkerConfig, 'mode' | 'rewards' | 'rewardsFrom' | 'pollMs'>
  readonly contracts: Contracts
  readonly provider: JsonRpcApiProvider
  readonly events: EventStore
  readonly store: RewardStore
  readonly operator: Address
  /** Pays for gas: the operator's account, unless a submitter key acts. */
  readonly payer: Address
  readonly publisher: Outbox
  readonly clock: Clock
  readonly log: Logger
  /** Told what a claim has moved into the balance, token units. */
  readonly onClaimed?: (amount: bigint) => void
}

interface Waiting {
  readonly workload: WorkloadId
  readonly receipt: Receipt
}

const LOOK_AGAIN_POLLS = 20
// Receipts of one transaction: some 60,000 gas each.
const MOST_RECEIPTS = 32
const WEI = 10n ** 18n
/** What this machine's clock and the chain's time may be apart, milliseconds. */
const APART_MS = 3_600_000
/** Longer than any reorg goes back. */
const REORG_MS = 7_200_000
/** Where it is not known how far back a reorg goes. */
const DAY_MS = 86_400_000
/** The highest κ that any program can have. Mirrors `Rewards.MAX_BOOST_BPS`. */
const MOST_KAPPA_BPS = 30_000n
/** What JSON-RPC says to an argument of a wrong form. */
const INVALID_PARAMETERS = '-32602'

/**
 * Collects the operator's network rewards: shows the receipts of its paid workloads once together they are worth a transaction, and claims
 * what ended epochs have left, likewise. It only ever asks for what is due now: no loop over epochs, nothing that grows with time.
 */
export class RewardCollector {
  readonly #options: RewardCollectorOptions
  readonly #pauses: Pauses
  /** Receipts that wait, so that each look reads only new ones. */
  #waiting: readonly Waiting[] = []
  /** Whether a reorg may have changed the receipts that wait. */
  #isStale = false
  /** The note that is being made, or was last. */
  #noting: Promise<void> = Promise.resolve()
  /** The block of the newest record of ours. */
  #recordedIn = 0
  /** Workloads without a receipt for now, the one to be looked at next first. */
  readonly #aside = new Set<WorkloadId>()

  constructor(options: RewardCollectorOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, clock, store } = this.#options
    if (!config.rewards || config.mode === 'watch') return
    let hasForgotten: true | undefined
    while (!signal.aborted) {
      // What an earlier run has stored of a reorg is not reported again, and it may have ended before it forgot.
      hasForgotten ??= await this.#tried(() => store.forgetLast(REORG_MS + APART_MS).then(() => true))
      if (hasForgotten && (await this.#tried(() => this.#canPay()))) {
        // Each by itself: what is due can be claimed whatever hinders the records.
        await this.#tried(() => this.#record())
        await this.#tried(() => this.#claim())
      }
      await clock.sleep(LOOK_AGAIN_POLLS * config.pollMs, signal).catch(() => undefined)
    }
  }

  async #tried<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act()
    } catch (error) {
      this.#options.log[isPassing(error) ? 'debug' : 'warn']('rewards cannot be looked at now', {
        stage: 'rewards',
        error,
      })
      return undefined
    }
  }

  /** A reorg may have undone records: the contract is asked anew about those that were noted since the first block that was replaced. */
  async onReorg(redoFrom: number): Promise<void> {
    const { clock, contracts, store } = this.#options
    this.#isStale = true
    const block = await contracts.provider.getBlock(redoFrom).catch(() => null)
    const now = clock.now()
    // What is under way must not come behind what undoes it.
    await this.#noting.catch(() => undefined)
    await store.forgetSince(block === null ? now - DAY_MS : Math.min(now, block.timestamp * 1000) - APART_MS)
  }

  /** Relays carry neither act; what the key cannot pay for, anybody else may do for the operator. */
  async #canPay(): Promise<boolean> {
    const { contracts, payer } = this.#options
    try {
      return (await contracts.provider.getBalance(payer)) > 0n
    } catch (error) {
      throw asChainError(error, 'reading the balance')
    }
  }

  async #record(): Promise<void> {
    const { contracts, events, operator, publisher, log } = this.#options
    if (publisher.isPending('record') || !this.#pauses.isOver('record')) return
    await this.#readWaiting()
    const read = (await events.cursor())?.checkpoints.at(-1)
    // Until the block of the last one is read, an endpoint that lags may not know of it.
    if (read === undefined || read.number < this.#recordedIn) return
    const fresh = await this.#fresh(read)
    if (fresh === undefined || fresh.length === 0) return
    const kappaBps = await this.#read(() => contracts.rewards.kappaBps())
    const worth = fresh.reduce((sum, { receipt }) => sum + pointsOf(receipt, kappaBps, operator), 0n)
    if (worth < this.#threshold && fresh.length < MOST_RECEIPTS) {
      log.debug('paid work waits to be recorded', { stage: 'rewards', workloads: fresh.length, worth })
      return
    }
    const receipts = fresh.map(({ receipt }) => ({ ...receipt, entries: [...receipt.entries] }))
    const data = contracts.rewards.interface.encodeFunctionData('record', [receipts])
    const mined = await this.#publish('record', data, { workloads: fresh.length, worth })
    if (mined !== undefined) this.#recordedIn = mined.block
  }

  /**
   * What waits and is not recorded: others earn by the same receipts, and may have shown them. What is recorded is noted only as of the block that was read
   * last: a reorg of a later one, with the note made and nobody to see it, would leave the record undone for ever.
   * @returns Undefined where some were noted: what is left may not be worth a transaction, and others may have room now.
   */
  async #fresh(read: BlockRef): Promise<readonly Waiting[] | undefined> {
    const { rewards } = this.#options.contracts
    const looks = await Promise.all(
      this.#waiting.map(async (waiting) => {
        const { spec } = waiting.receipt
        if (!(await this.#read(() => rewards.isRecorded(spec)))) return { waiting, isFresh: true, isNoted: false }
        // While much is still to be read, the endpoint may not know the state of that block any more.
        return { waiting, isFresh: false, isNoted: await this.#wasRecorded(spec, read).catch(() => false) }
      }),
    )
    const noted = looks.filter(({ isNoted }) => isNoted).map(({ waiting }) => waiting)
    if (noted.length === 0) return looks.filter(({ isFresh }) => isFresh).map(({ waiting }) => waiting)
    await this.#note(noted.map(({ workload }) => workload))
    this.#waiting = this.#waiting.filter((waiting) => !noted.includes(waiting))
    return undefined
  }

  /** Whether it is recorded as of one block, which is named by its hash: the endpoint that answers may have another one of that number. */
  async #wasRecorded(spec: Receipt['spec'], { number, hash }: BlockRef): Promise<boolean> {
    const { contracts, provider } = this.#options
    const { addresses, rewards } = contracts
    const data = rewards.interface.encodeFunctionData('isRecorded', [spec])
    try {
      const answer = (await provider.send('eth_call', [{ to: addresses.rewards, data }, { blockHash: hash }])) as string
      return rewards.interface.decodeFunctionResult('isRecorded', answer)[0] === true
    } catch (error) {
      // Few endpoints take no hashes (EIP-1898); with those nothing would ever be noted.
      if (!JSON.stringify(error).includes(INVALID_PARAMETERS)) throw error
      return rewards.isRecorded(spec, { blockTag: number })
    }
  }

  /** Notes what is recorded, or has nothing to record; not what was found before a reorg. */
  async #note(workloads: readonly WorkloadId[]): Promise<void> {
    if (this.#isStale) return
    this.#noting = this.#options.store.note(workloads)
    await this.#noting
  }

  /**
   * Receipts of workloads that were paid since the last look. One without a receipt (its end was undone, or events are missing) takes no
   * other's place: it is set aside, and one of those is looked at again each time.
   */
  async #readWaiting(): Promise<void> {
    const { store } = this.#options
    const unrecorded = await store.unrecorded(MOST_RECEIPTS, [...this.#aside])
    const read = this.#isStale ? [] : this.#waiting.filter(({ workload }) => unrecorded.includes(workload))
    this.#isStale = false
    const known = new Set(read.map(({ workload }) => workload))
    const [again] = this.#aside
    const isRoom = unrecorded.length < MOST_RECEIPTS
    for (const workload of [...unrecorded, ...(isRoom && again !== undefined ? [again] : [])]) {
      if (known.has(workload)) continue
      const receipt = await this.#receiptOf(workload)
      if (receipt !== undefined) read.push({ workload, receipt })
    }
    this.#waiting = read
  }

  async #receiptOf(workload: WorkloadId): Promise<Receipt | undefined> {
    const { contracts, events, operator, log } = this.#options
    const wasAside = this.#aside.delete(workload)
    const own = await events.ofWorkload(workload)
    const end = own.find((event) => event.name === 'Finished')
    if (end !== undefined && end.args.outcome !== 'Proven') {
      // Half of the pot was paid by rank, but nothing was proven that could earn.
      await this.#note([workload])
      return undefined
    }
    let fault: unknown
    try {
      const receipt = await receiptOf(contracts, workload, own, (seats) => events.ownersOf(seats))
      // Open slots earn only by the first commit: what they were paid for alone would cost gas for nothing.
      if (receipt !== undefined && pointsOf(receipt, MOST_KAPPA_BPS, operator) > 0n) return receipt
      if (receipt !== undefined) return void (await this.#note([workload]))
    } catch (error) {
      if (isPassing(error)) throw error
      fault = error
    }
    // To the end of the line.
    this.#aside.add(workload)
    log[wasAside || fault === undefined ? 'debug' : 'warn']('paid work without a receipt is set aside', {
      ...{ stage: 'rewards', workload },
      ...(fault !== undefined && { error: fault }),
    })
    return undefined
  }

  async #claim(): Promise<void> {
    const { contracts, operator, onClaimed } = this.#options
    const { due } = await this.#read(() => contracts.rewards.rewardsOf(operator))
    if (due === 0n || due < this.#threshold) return
    const data = contracts.rewards.interface.encodeFunctionData('claim', [[operator]])
    const mined = await this.#publish('claim', data, { due })
    if (mined !== undefined) onClaimed?.((await this.#movedBy(mined.hash)) ?? due)
  }

  /** What a claim moved: by the time it is mined more may be due, or another one have taken some. Undefined where the endpoint does not say it now. */
  async #movedBy(hash: string): Promise<bigint | undefined> {
    const { contracts, operator } = this.#options
    const receipt = await contracts.provider.getTransactionReceipt(hash).catch(() => null)
    if (receipt === null) return undefined
    const own = receipt.logs.filter(({ address }) => address === contracts.addresses.rewards)
    return own.reduce((sum, log) => {
      const event = decodeEvent(contracts, log)
      return event?.name === 'Claimed' && event.args.operator === operator ? sum + event.args.amount : sum
    }, 0n)
  }

  /** @returns How the transaction was mined, once it is. */
  async #publish(
    key: 'record' | 'claim',
    data: string,
    facts: object,
  ): Promise<Extract<TxOutcome, { kind: 'mined' }> | undefined> {
    const { contracts, publisher } = this.#options
    if (publisher.isPending(key) || !this.#pauses.isOver(key)) return undefined
    const about = { stage: 'rewards', act: key, ...facts }
    const call = { key, to: contracts.addresses.rewards, data, marginPercent: EPOCH_MARGIN_PERCENT }
    const outcome = await publisher.publish({ ...call, priority: 'keeper', about })
    if (outcome.kind === 'mined') this.#pauses.end(key)
    else this.#pauses.lengthen(key)
    return outcome.kind === 'mined' ? outcome : undefined
  }

  get #threshold(): bigint {
    return BigInt(this.#options.config.rewardsFrom) * WEI
  }

  async #read<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      throw asChainError(error, 'reading network rewards')
    }
  }
}

/** Whether the endpoint is to blame, not what was asked for. */
function isPassing(error: unknown): boolean {
  return error instanceof GevulotError && error.retryable
}
