import { asChainError, pointsOf, receiptOf, type Address, type Contracts, type Receipt } from '../../chain/index.js'
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

/**
 * Collects the operator's network rewards: shows the receipts of its paid workloads once together they are worth a transaction, and claims
 * what ended epochs have left, likewise. It only ever asks for what is due now: no loop over epochs, nothing that grows with time.
 */
export class RewardCollector {
  readonly #options: RewardCollectorOptions
  readonly #pauses: Pauses
  /** Receipts that wait, so that each look reads only new ones. */
  #waiting: readonly Waiting[] = []

  constructor(options: RewardCollectorOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, clock, log } = this.#options
    while (!signal.aborted && config.rewards && config.mode !== 'watch') {
      try {
        if (await this.#canPay()) {
          await this.#record()
          await this.#claim()
        }
      } catch (error) {
        const isPassing = error instanceof GevulotError && error.retryable
        log[isPassing ? 'debug' : 'warn']('rewards cannot be looked at now', { stage: 'rewards', error })
      }
      await clock.sleep(LOOK_AGAIN_POLLS * config.pollMs, signal).catch(() => undefined)
    }
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
    await store.note(this.#waiting.filter((_, index) => !isNew[index]).map(({ workload }) => workload))
    this.#waiting = this.#waiting.filter((_, index) => isNew[index])
    if (this.#waiting.length === 0) return
    const shown = this.#waiting
    const receipts = shown.map(({ receipt }) => ({ ...receipt, entries: [...receipt.entries] }))
    const data = contracts.rewards.interface.encodeFunctionData('record', [receipts])
    if (!(await this.#publish('record', data, { workloads: shown.length, worth }))) return
    await store.note(shown.map(({ workload }) => workload))
    this.#waiting = []
  }

  /** Receipts of workloads that were paid since the last look. One that a reorg may still undo is looked at again. */
  async #readWaiting(): Promise<void> {
    const { contracts, events, store } = this.#options
    const known = new Set(this.#waiting.map(({ workload }) => workload))
    const unrecorded = await store.unrecorded(MOST_RECEIPTS)
    const read: Waiting[] = this.#waiting.filter(({ workload }) => unrecorded.includes(workload))
    for (const workload of unrecorded) {
      if (known.has(workload)) continue
      const receipt = await receiptOf(contracts, workload, await events.ofWorkload(workload))
      if (receipt !== undefined) read.push({ workload, receipt })
    }
    this.#waiting = read
  }

  async #claim(): Promise<void> {
    const { contracts, operator, onClaimed } = this.#options
    const { due } = await this.#read(() => contracts.rewards.rewardsOf(operator))
    if (due === 0n || due < this.#threshold) return
    const data = contracts.rewards.interface.encodeFunctionData('claim', [[operator]])
    if (await this.#publish('claim', data, { due })) onClaimed?.(due)
  }

  async #publish(key: 'record' | 'claim', data: string, facts: object): Promise<boolean> {
    const { contracts, publisher } = this.#options
    if (publisher.isPending(key) || !this.#pauses.isOver(key)) return false
    const about = { stage: 'rewards', act: key, ...facts }
    const outcome = await publisher.publish({ key, to: contracts.addresses.rewards, data, priority: 'keeper', about })
    if (outcome.kind === 'mined') this.#pauses.end(key)
    else this.#pauses.lengthen(key)
    return outcome.kind === 'mined'
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
