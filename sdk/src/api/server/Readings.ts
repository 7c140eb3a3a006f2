import type { EventBatch } from '../../chain/followEvents.js'
import type { WorkloadId } from '../../chain/hex.js'
import type { GevulotClient } from '../../client/createClient.js'
import type { Workload } from '../../client/Workload.js'
import type { ChainIndex } from '../chainIndex/ChainIndex.js'
import type { Figures } from './Figures.js'
import { Kept } from '../Kept.js'

/** A reorg that the index has not seen may have moved a submission, hardly by more blocks. */
const REORG_MARGIN = 256
/** What has ended changes by a reorg only. */
const KEEP_ENDED_MS = 30_000

const ENDED: readonly Workload['status'][] = ['proven', 'expired', 'cancelled']

interface Asked {
  readonly running: Promise<Workload>
  /** What those share who asked after `running` had begun. */
  next?: Promise<Workload>
}

/**
 * Reads workloads from the chain for everybody who asks: of each at most one reading is under way and one waits, however many ask, and everybody gets one that began after they
 * asked. The index says where on the chain to look, so that a reading costs the same on a long chain, and one of a workload that nobody submitted hardly anything.
 */
export class Readings {
  readonly #options: { readonly client: GevulotClient; readonly index: ChainIndex; readonly figures: Figures }
  readonly #asked = new Map<WorkloadId, Asked>()
  readonly #ended: Kept

  constructor(options: { client: GevulotClient; index: ChainIndex; figures: Figures }) {
    this.#options = options
    this.#ended = new Kept(options.client.clock, KEEP_ENDED_MS)
  }

  /**
   * A workload as the chain has it now; one whose end is in the index, as it had it within half a minute.
   * @throws GevulotError as `getWorkload` of the client
   */
  async read(workload: WorkloadId): Promise<Workload> {
    const submission = await this.#options.figures.submission(workload)
    if (submission?.ended !== true) return this.#newest(workload)
    return this.#ended.get(workload, async () => {
      const found = await this.#newest(workload)
      // Another endpoint may not be as far as the one that the index was read from.
      if (!ENDED.includes(found.status)) this.#ended.forget(workload)
      return found
    })
  }

  /** The first block in which anything of a workload can be. */
  async since(workload: WorkloadId): Promise<number> {
    const { client, index, figures } = this.#options
    const { fromBlock } = client.contracts
    // What the index does not have came behind its head, which is read first: in between it may come to have it.
    const head = index.head?.block
    const block = (await figures.submission(workload))?.block ?? head
    return block === undefined ? fromBlock : Math.max(fromBlock, block - REORG_MARGIN)
  }

  /** Something has happened to these workloads, or blocks were replaced: what was read does not count any more. */
  forget(batch: EventBatch): void {
    if (batch.kind === 'reorg') this.#ended.forget()
    else for (const { args } of batch.events) if ('workload' in args) this.#ended.forget(args.workload)
  }

  #newest(workload: WorkloadId): Promise<Workload> {
    const asked = this.#asked.get(workload)
    if (asked === undefined) return this.#begin(workload)
    asked.next ??= asked.running.catch(() => undefined).then(() => this.#begin(workload))
    return asked.next
  }

  #begin(workload: WorkloadId): Promise<Workload> {
    const asked: Asked = { running: this.#readChain(workload) }
    this.#asked.set(workload, asked)
    const done = (): void => {
      if (this.#asked.get(workload) === asked && asked.next === undefined) this.#asked.delete(workload)
    }
    asked.running.then(done, done)
    return asked.running
  }

  async #readChain(workload: WorkloadId): Promise<Workload> {
    return this.#options.client.getWorkload({ workload, fromBlock: await this.since(workload) })
  }
}
