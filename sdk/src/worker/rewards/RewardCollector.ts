import {
  asChainError,
  decodeEvent,
  pointsOf,
  receiptOf,
  type Address,
  type Contracts,
  type Receipt,
} from '../../chain/index.js'
import type { WorkloadId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import { Pauses } from '../coordinate/Pauses.js'
import type { Logger } from '../log/Logger.js'
import type { Outbox } from '../publish/Outbox.js'
import type { EventStore } from '../store/EventStore.js'
import type { RewardStore } from '../store/RewardStore.js'

/** What a {@link RewardCollector} needs. */
export interface RewardCollectorOptions {
  readonly config: Pick<WorkerConfig, 'mode' | 'rewards' | 'rewardsFrom' | 'pollMs'>
  readonly contracts: Contracts
  readonly events: EventStore
  readonly store: RewardStore
  readonly operator: Address
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
/** Where it is not known how far back a reorg goes. */
const DAY_MS = 86_400_000

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
  /** Workloads without a receipt for now, the one to be looked at next first. */
  readonly #aside = new Set<WorkloadId>()

  constructor(options: RewardCollectorOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, clock } = this.#options
    while (!signal.aborted && config.rewards && config.mode !== 'watch') {
      if (await this.#tried(() => this.#canPay())) {
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
    await store.forgetSince(block === null ? now - DAY_MS : Math.min(now, block.timestamp * 1000) - APART_MS)
  }

  /** Relays carry neither act; what the account cannot pay for, anybody else may do for it. */
  async #canPay(): Promise<boolean> {
    const { contracts, operator } = this.#options
    try {
      return (await contracts.provider.getBalance(operator)) > 0n
    } catch (error) {
      throw asChainError(error, 'reading the balance')
    }
  }

  async #record(): Promise<void> {
    const { contracts, store, operator, publisher, log } = this.#options
    if (publisher.isPending('record') || !this.#pauses.isOver('record')) return
    await this.#readWaiting()
    if (this.#waiting.length === 0) return
    const kappaBps = await this.#read(() => contracts.rewards.kappaBps())
    const worth = this.#waiting.reduce((sum, { receipt }) => sum + pointsOf(receipt, kappaBps, operator), 0n)
    if (worth < this.#threshold && this.#waiting.length < MOST_RECEIPTS) {
      log.debug('paid work waits to be recorded', { stage: 'rewards', workloads: this.#waiting.length, worth })
      return
    }
    // Others earn by the same receipts, and may have shown them.
    const isNew = await Promise.all(
      this.#waiting.map(async ({ receipt }) => !(await this.#read(() => contracts.rewards.isRecorded(receipt.spec)))),
    )
    if (isNew.includes(false)) {
      await store.note(this.#waiting.filter((_, index) => !isNew[index]).map(({ workload }) => workload))
      this.#waiting = this.#waiting.filter((_, index) => isNew[index])
      // What is left may not be worth a transaction, and others may have room now.
      return this.#record()
    }
    const shown = this.#waiting
    const receipts = shown.map(({ receipt }) => ({ ...receipt, entries: [...receipt.entries] }))
    const data = contracts.rewards.interface.encodeFunctionData('record', [receipts])
    if ((await this.#publish('record', data, { workloads: shown.length, worth })) === undefined) return
    await store.note(shown.map(({ workload }) => workload))
    this.#waiting = []
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
    const { contracts, events, store, log } = this.#options
    const wasAside = this.#aside.delete(workload)
    const own = await events.ofWorkload(workload)
    const end = own.find((event) => event.name === 'Finished')
    if (end !== undefined && end.args.outcome !== 'Proven') {
      // Half of the pot was paid by rank, but nothing was proven that could earn.
      await store.note([workload])
      return undefined
    }
    let fault: unknown
    try {
      const receipt = await receiptOf(contracts, workload, own, (seats) => events.ownersOf(seats))
      if (receipt !== undefined) return receipt
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
    const hash = await this.#publish('claim', data, { due })
    if (hash !== undefined) onClaimed?.((await this.#movedBy(hash)) ?? due)
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

  /** @returns The hash of the transaction once it is mined. */
  async #publish(key: 'record' | 'claim', data: string, facts: object): Promise<string | undefined> {
    const { contracts, publisher } = this.#options
    if (publisher.isPending(key) || !this.#pauses.isOver(key)) return undefined
    const about = { stage: 'rewards', act: key, ...facts }
    const outcome = await publisher.publish({ key, to: contracts.addresses.rewards, data, priority: 'keeper', about })
    if (outcome.kind === 'mined') this.#pauses.end(key)
    else this.#pauses.lengthen(key)
    return outcome.kind === 'mined' ? outcome.hash : undefined
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
