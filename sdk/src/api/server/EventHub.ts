import type { Contracts } from '../../chain/connect.js'
import type { GevulotEvent } from '../../chain/events.js'
import { followEvents, type BlockRef, type EventBatch } from '../../chain/followEvents.js'
import { readEvents } from '../../chain/readEvents.js'
import type { WorkloadId } from '../../chain/hex.js'
import type { Clock } from '../../clock.js'
import { apiError } from '../../errors/codes/api.js'
import type { Logger } from '../../worker/log/Logger.js'
import { Bell } from '../../worker/Bell.js'

/** What a listener gets. `position` is what it gives to resume after this update. */
export type HubUpdate =
  | { readonly kind: 'events'; readonly events: readonly GevulotEvent[]; readonly position: BlockRef }
  | { readonly kind: 'reorg'; readonly redoFrom: number; readonly position: BlockRef | undefined }

interface Listener {
  readonly queue: EventBatch[]
  readonly bell: Bell
}

/** What a slow listener may lag behind, in batches. */
const MOST_WAITING = 256
const WAIT_MS = 15_000

/** Follows the chain once for all listeners: a thousand of them cost one look at the chain. */
export class EventHub {
  readonly #contracts: Contracts
  readonly #clock: Clock
  readonly #log: Logger
  readonly #pollMs: number
  readonly #listeners = new Set<Listener>()
  #head: BlockRef | undefined

  constructor(options: { contracts: Contracts; clock: Clock; log: Logger; pollMs: number }) {
    this.#contracts = options.contracts
    this.#clock = options.clock
    this.#log = options.log
    this.#pollMs = options.pollMs
  }

  /** Listeners that are connected. */
  get listeners(): number {
    return this.#listeners.size
  }

  /** Whether the chain was read up to a block that this server has seen. */
  get isReady(): boolean {
    return this.#head !== undefined
  }

  /** Follows until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const fromBlock = await this.#newestBlock(signal)
    const options = { fromBlock, pollMs: this.#pollMs, clock: this.#clock, patienceMs: Number.MAX_SAFE_INTEGER, signal }
    try {
      for await (const batch of followEvents(this.#contracts, options)) {
        this.#head = batch.kind === 'events' ? batch.to : batch.cursor.checkpoints.at(-1)
        for (const listener of this.#listeners) {
          listener.queue.push(batch)
          listener.bell.ring()
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  /**
   * The events of a workload from its beginning, or after `position`, and then as they come; undefined now and then, so that the caller can show
   * that it is alive. Where the chain has replaced the block of `position`, a reorg from the very beginning comes first.
   * @throws GevulotError API_STOPPED when the server has not seen the chain yet, or the listener is too slow; the reason of `signal`
   */
  async *listen(
    workload: WorkloadId,
    position: BlockRef | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<HubUpdate | undefined> {
    const head = this.#head
    if (head === undefined) throw apiError('API_STOPPED', 'the server has not read the chain yet')
    const listener: Listener = { queue: [], bell: new Bell(this.#clock) }
    this.#listeners.add(listener)
    try {
      yield* this.#history(workload, position, head, signal)
      for (;;) {
        signal.throwIfAborted()
        if (listener.queue.length > MOST_WAITING) throw apiError('API_STOPPED', 'the listener is too slow')
        const batch = listener.queue.shift()
        if (batch === undefined) {
          await listener.bell.wait(WAIT_MS, signal)
          if (listener.queue.length === 0) yield undefined
        } else if (batch.kind === 'reorg') {
          yield { kind: 'reorg', redoFrom: batch.redoFrom, position: batch.cursor.checkpoints.at(-1) }
        } else {
          const events = batch.events.filter((event) => isOf(event, workload))
          if (events.length > 0) yield { kind: 'events', events, position: batch.to }
        }
      }
    } finally {
      this.#listeners.delete(listener)
    }
  }

  async *#history(workload: WorkloadId, position: BlockRef | undefined, head: BlockRef, signal: AbortSignal) {
    let from: number | undefined
    if (position !== undefined) {
      const block = await this.#contracts.provider.getBlock(position.number)
      if (block?.hash === position.hash) from = position.number + 1
      else yield { kind: 'reorg', redoFrom: this.#contracts.fromBlock, position: undefined } as const
    }
    const range = { toBlock: head.number, ...(from !== undefined && { fromBlock: from }) }
    const events: GevulotEvent[] = []
    for await (const event of readEvents(this.#contracts, { workload, signal, ...range })) events.push(event)
    if (events.length > 0) yield { kind: 'events', events, position: head } as const
  }

  async #newestBlock(signal: AbortSignal): Promise<number> {
    for (;;) {
      try {
        return await this.#contracts.provider.getBlockNumber()
      } catch (error) {
        signal.throwIfAborted()
        this.#log.warn('the chain cannot be read', { stage: 'follow', error })
        await this.#clock.sleep(this.#pollMs, signal)
      }
    }
  }
}

function isOf(event: GevulotEvent, workload: WorkloadId): boolean {
  return 'workload' in event.args && event.args.workload === workload
}
