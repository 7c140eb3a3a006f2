import type { WorkloadId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { ContentStore, Digest } from '../../content/index.js'
import type { Logger } from '../log/Logger.js'

/** What a {@link ProofPlacer} needs. */
export interface ProofPlacerOptions {
  /** Where proofs are put that a committee has to fetch. */
  readonly stores: readonly ContentStore[]
  /** Where others read them, if that is known; empty: each store is asked. */
  readonly uri: string
  readonly clock: Clock
  readonly log: Logger
}

interface Placing {
  /** Ends all of it. */
  readonly controller: AbortController
  /** Stores that have answered once, whatever they did. */
  readonly tried: Set<ContentStore>
  /** Stores that have the proof, and under which URI others read it there, as far as they say. */
  readonly holding: Map<ContentStore, string | undefined>
}

const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 60_000

/**
 * Puts proofs into the stores where committees fetch them, once for each workload and beside everything else: a store that hangs holds neither the
 * others nor the coordinator. Each store is tried until it has the proof, or until nobody needs it there.
 */
export class ProofPlacer {
  readonly #options: ProofPlacerOptions
  readonly #placings = new Map<WorkloadId, Placing>()
  #isClosed = false

  constructor(options: ProofPlacerOptions) {
    this.#options = options
  }

  /**
   * Begins to place a workload's proof; nothing if that has begun. Whoever reads a proof while commits are open could commit to it as its own: not
   * before a reveal.
   */
  begin(workload: WorkloadId, proof: { readonly path: string; readonly digest: Digest }): void {
    const { stores, log } = this.#options
    if (this.#isClosed || this.#placings.has(workload)) return
    const placing = { controller: new AbortController(), tried: new Set<ContentStore>(), holding: new Map() }
    this.#placings.set(workload, placing)
    if (stores.length === 0) {
      const what = 'a proof over 1 KiB has no store to go to, and counts as invalid unless validators find it elsewhere'
      log.error(`${what}: name one in proofDirectories or proofUrls`, { workload, stage: 'reveal' })
    }
    for (const store of stores) void this.#place(workload, placing, store, proof)
  }

  /**
   * The URI to reveal with, which cannot be changed later; undefined as long as it is better to wait, also before {@link begin}. A URI that the operator
   * has named may be that of any store, so all are tried before; one that a store says is as good as soon as that store has the proof.
   * @param isLate Whether there is no time to wait any more: then it may be a URI where the proof comes later, or none.
   */
  uriOf(workload: WorkloadId, isLate: boolean): string | undefined {
    const { stores, uri } = this.#options
    const placing = this.#placings.get(workload)
    if (placing === undefined) return undefined
    const { tried, holding } = placing
    if (isLate || holding.size === stores.length) return uri || firstSaid(holding)
    if (uri !== '') return tried.size === stores.length && holding.size > 0 ? uri : undefined
    return firstSaid(holding) || undefined
  }

  /** Whether {@link begin} was called for a workload, and {@link stop} was not. */
  isBegun(workload: WorkloadId): boolean {
    return this.#placings.has(workload)
  }

  /** Whether a proof is being placed, and {@link uriOf} says nothing yet. */
  isWaiting(workload: WorkloadId, isLate: boolean): boolean {
    return this.#placings.has(workload) && this.uriOf(workload, isLate) === undefined
  }

  /** Names of the stores that do not have a proof that is being placed. */
  missing(workload: WorkloadId): readonly string[] {
    const holding = this.#placings.get(workload)?.holding
    return this.#options.stores.filter((store) => holding?.has(store) !== true).map(({ name }) => name)
  }

  /** The proof is not needed in the stores any more, or is there: nothing more is tried. */
  stop(workload: WorkloadId): void {
    this.#placings.get(workload)?.controller.abort()
    this.#placings.delete(workload)
  }

  /** Stops everything, for good. */
  close(): void {
    this.#isClosed = true
    for (const workload of [...this.#placings.keys()]) this.stop(workload)
  }

  /** Tries one store until it has the proof. */
  async #place(
    workload: WorkloadId,
    { controller: { signal }, tried, holding }: Placing,
    store: ContentStore,
    { path, digest }: { readonly path: string; readonly digest: Digest },
  ): Promise<void> {
    const { uri, clock } = this.#options
    const log = this.#options.log.with({ workload, stage: 'reveal', store: store.name })
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        await store.put({ path }, { signal })
        const said = uri === '' ? await store.uriOf?.([digest], { signal }) : undefined
        holding.set(store, said)
        if (tried.has(store)) log.info('the proof is in the store now')
        tried.add(store)
        return
      } catch (error) {
        if (signal.aborted) return
        const what = 'a proof cannot be put into a store, or the store does not say where it is'
        if (!tried.has(store)) log.error(`${what}: what validators cannot fetch counts as invalid`, { error })
        tried.add(store)
      }
      try {
        await clock.sleep(pause, signal)
      } catch {
        return
      }
    }
  }
}

/** What the first store that says something says; empty: none does. */
function firstSaid(holding: ReadonlyMap<ContentStore, string | undefined>): string {
  return [...holding.values()].find((said) => said !== undefined && said !== '') ?? ''
}
