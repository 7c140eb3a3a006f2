import type { Contracts } from '../../chain/connect.js'
import type { GevulotEvent } from '../../chain/events.js'
import type { BlockRef, EventBatch } from '../../chain/followEvents.js'
import { readEvents } from '../../chain/readEvents.js'
import type { WorkloadId } from '../../chain/hex.js'
import type { Clock } from '../../clock.js'
import { apiError } from '../../errors/codes/api.js'
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

/** Hands what the index has taken in to all listeners: a thousand of them cost one look at the chain. */
export class EventHub {
  readonly #contracts: Contracts
  readonly #clock: Clock
  readonly #listeners = new Set<Listener>()
  #head: BlockRef | undefined

  constructor(options: { contracts: Contracts; clock: Clock }) {
    this.#contracts = options.contracts
    this.#clock = options.clock
  }

  /** Listeners that are connected. */
  get listeners(): number {
    return this.#listeners.size
  }

  /** Everything up to this block was read before a restart. */
  resume(block: BlockRef): void {
    this.#head = block
  }

  /** Tells everybody. */
  publish(batch: EventBatch): void {
    this.#head = batch.kind === 'events' ? batch.to : batch.cursor.checkpoints.at(-1)
    for (const listener of this.#listeners) {
      // One whose connection does not take what is written is told when it does, and fills no memory meanwhile.
      if (listener.queue.length <= MOST_WAITING) listener.queue.push(batch)
      listener.bell.ring()
    }
  }

  /**
   * The events of a workload from its beginning, or after `position`, and then as they come, or all events from now on; undefined now and then, so that the caller can show
   * that it is alive. Nothing of the workload lies before block `since`. Where the chain has replaced the block of `position`, a reorg from the very beginning comes first.
   * @throws GevulotError API_STOPPED when the server has not seen the chain yet, or the listener is too slow; the reason of `signal`
   */
  async *listen(
    workload: { readonly id: WorkloadId; readonly since: number } | undefined,
    position: BlockRef | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<HubUpdate | undefined> {
    const head = this.#head
    if (head === undefined) throw apiError('API_STOPPED', 'the server has not read the chain yet')
    const listener: Listener = { queue: [], bell: new Bell(this.#clock) }
    this.#listeners.add(listener)
    try {
      if (workload !== undefined) yield* this.#history(workload, position, head, signal)
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
          const { events: all } = batch
          const events = workload === undefined ? all : all.filter((event) => isOf(event, workload.id))
          if (events.length > 0) yield { kind: 'events', events, position: batch.to }
        }
      }
    } finally {
      this.#listeners.delete(listener)
    }
  }

  async *#history(
    { id, since }: { readonly id: WorkloadId; readonly since: number },
    position: BlockRef | undefined,
    head: BlockRef,
    signal: AbortSignal,
  ) {
    let from = since
    if (position !== undefined) {
      const block = await this.#contracts.provider.getBlock(position.number)
      if (block?.hash === position.hash) from = position.number + 1
      else yield { kind: 'reorg', redoFrom: this.#contracts.fromBlock, position: undefined } as const
    }
    const range = { fromBlock: from, toBlock: head.number }
    const events: GevulotEvent[] = []
    for await (const event of readEvents(this.#contracts, { workload: id, signal, ...range })) events.push(event)
    if (events.length > 0) yield { kind: 'events', events, position: head } as const
  }
}

function isOf(event: GevulotEvent, workload: WorkloadId): boolean {
  return event.contract !== 'rewards' && 'workload' in event.args && event.args.workload === workload
}
