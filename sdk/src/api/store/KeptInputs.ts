import { sql, type Kysely } from 'kysely'
import type { Clock } from '../../clock.js'
import type { ContentStore, StoredContent } from '../../content/ContentStore.js'
import { digestFromHex, type Digest } from '../../content/digest.js'
import { parseInputsManifest } from '../../content/InputsManifest.js'
import { apiError } from '../../errors/codes/api.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { ApiSchema } from './schema.js'

/** How much is taken without a key, and for how long it is kept. */
export interface InputsLimits {
  /** Bytes within 24 hours, of all requesters together. Default 8 GiB. */
  readonly perDay?: number
  /** Bytes within 24 hours for the workloads of one account. Default 256 MiB. */
  readonly perRequester?: number
  /** Milliseconds behind the end of a workload, until its inputs are removed. Default seven days. */
  readonly keepMs?: number
  /** Milliseconds between looks at what is to be removed. Default ten minutes. */
  readonly sweepMs?: number
}

/** What {@link KeptInputs} works with. */
export interface KeptInputsOptions extends InputsLimits {
  readonly db: Kysely<ApiSchema>
  readonly store: ContentStore
  readonly clock: Clock
  readonly log: Logger
}

/** Inputs that are about to be stored for a workload that the chain names. */
export interface NewInputs {
  readonly workload: string
  /** Account of its requester. */
  readonly requester: string
  readonly contents: readonly StoredContent[]
}

const DAY_MS = 86_400_000
/** The longest life of a workload: its longest run time, with all windows, and some. */
const OPEN_MS = 8 * DAY_MS
/** How long behind its row content of our own may come into the store. */
const WRITING_MS = 120_000
const AT_ONCE = 100
const MAX_MANIFEST_BYTES = 2 ** 20

/**
 * What the server's store holds for workloads whose requesters have no key: counted, and removed some time behind their end. Content that was there
 * before, or that a key has stored or asked for since, is never removed. One process has the store's ledger, so turns are enough to keep a removal and a
 * use of the same content apart.
 */
export class KeptInputs {
  readonly #options: Required<KeptInputsOptions>
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: KeptInputsOptions) {
    const defaults = { perDay: 8 * 2 ** 30, perRequester: 2 ** 28, keepMs: 7 * DAY_MS, sweepMs: 600_000 }
    this.#options = { ...defaults, ...options }
  }

  /**
   * Counts inputs before they are stored. Those of one workload count once.
   * @throws GevulotError API_LIMIT_REACHED
   */
  async keep({ workload, requester, contents }: NewInputs): Promise<void> {
    const { db, store, clock, perDay, perRequester } = this.#options
    await this.#inTurn(async () => {
      const rows = []
      // Two files may be the same content.
      for (const [digest, size] of new Map(contents.map((content) => [content.digest, content.size]))) {
        const known = await db.selectFrom('kept').select('workload').where('digest', '=', digest).execute()
        if (known.some((row) => row.workload === workload)) continue
        // It is there for somebody else, who did not say for how long.
        if (known.length === 0 && (await store.has(digest))) continue
        rows.push({
          digest,
          workload,
          requester,
          size: known.length === 0 ? size : 0,
          created_at: clock.now(),
          claimed: false,
        })
      }
      const bytes = rows.reduce((sum, { size }) => sum + size, 0)
      const since = clock.now() - DAY_MS
      const used = await this.#usage(since)
      if (bytes > perDay - used) throw apiError('API_LIMIT_REACHED', `the server takes ${perDay} bytes of inputs without a key within 24 hours, and ${used} came`) // prettier-ignore
      const own = await this.#usage(since, requester)
      if (bytes > perRequester - own) throw apiError('API_LIMIT_REACHED', `the server takes ${perRequester} bytes of inputs for one account within 24 hours, and ${own} came for ${requester}`) // prettier-ignore
      if (rows.length > 0) await db.insertInto('kept').values(rows).execute()
    })
  }

  /** A key needs this content: it stays. To be called before it is looked for or stored. */
  async claim(digests: readonly Digest[]): Promise<void> {
    const { db } = this.#options
    await this.#inTurn(() =>
      db
        .updateTable('kept')
        .set({ claimed: true })
        .where('digest', 'in', [...digests])
        .execute(),
    )
  }

  /**
   * {@link claim} of inputs by the digest of their manifest, as far as the store holds it.
   * @throws GevulotError `CONTENT_*` where the store cannot be asked now: what is not claimed may be removed
   */
  async claimInputs(digest: Digest): Promise<void> {
    await this.claim([digest])
    try {
      const bytes = await this.#options.store.get(digest, { maxBytes: MAX_MANIFEST_BYTES })
      await this.claim(parseInputsManifest(bytes).files.map(({ sha256 }) => digestFromHex(sha256)))
    } catch (error) {
      // Then its files are somewhere else.
      if (GevulotError.is(error, 'CONTENT_NOT_FOUND')) return
      if (!(error instanceof GevulotError) || error.retryable) throw error
    }
  }

  /** Removes what is over, now and then, until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, sweepMs, store } = this.#options
    if (store.remove === undefined) return
    while (!signal.aborted) {
      const removed = await this.sweep().catch((error: unknown) => {
        log.warn('inputs could not be removed now', { stage: 'serve', error })
        return 0
      })
      if (removed > 0) log.info('removed inputs of workloads that are over', { stage: 'serve', contents: removed })
      if (removed < AT_ONCE) await clock.sleep(sweepMs, signal).catch(() => undefined)
    }
  }

  /** Removes what is over. @returns How many contents. */
  async sweep(): Promise<number> {
    const { db, clock, keepMs } = this.#options
    const before = clock.now() - keepMs
    const over = await db
      .selectFrom('kept')
      .leftJoin('workloads', 'workloads.workload', 'kept.workload')
      .select('kept.workload')
      .distinct()
      .where('kept.claimed', '=', false)
      .where((eb) =>
        eb.or([
          // By the time of the chain, as it was ended by that.
          eb(
            'workloads.finished_at',
            '<',
            sql<number>`(select max(time) from index_head) - ${Math.floor(keepMs / 1000)}::integer`,
          ),
          // Nobody ended it, or a reorg has taken it away.
          eb.and([eb('workloads.finished_at', 'is', null), eb('kept.created_at', '<', before - OPEN_MS)]),
        ]),
      )
      .limit(AT_ONCE)
      .execute()
    let removed = 0
    for (const { workload } of over) removed += await this.#inTurn(() => this.#remove(workload))
    return removed
  }

  /** The rows go last: whatever breaks off is done again. */
  async #remove(workload: string): Promise<number> {
    const { db, store } = this.#options
    const rows = await db
      .selectFrom('kept')
      .select(['digest', 'created_at'])
      .where('workload', '=', workload)
      .where('claimed', '=', false)
      .execute()
    let removed = 0
    for (const { digest, created_at } of rows) {
      const users = await db.selectFrom('kept').select('workload').where('digest', '=', digest).execute()
      // Another workload's, too, or claimed by way of one.
      if (users.length > 1) continue
      // Somebody put it there since, past this server: a deployer a package, of which a stranger had brought a file before.
      const storedAt = (await store.storedAt?.(digest as Digest)) ?? 0
      if (storedAt > created_at + WRITING_MS) continue
      await store.remove?.(digest as Digest)
      removed++
    }
    await db.deleteFrom('kept').where('workload', '=', workload).where('claimed', '=', false).execute()
    return removed
  }

  async #usage(since: number, requester?: string): Promise<number> {
    const { bytes } = await this.#options.db
      .selectFrom('kept')
      .select(({ fn }) => fn.sum<string | null>('size').as('bytes'))
      .where('created_at', '>', since)
      .$if(requester !== undefined, (query) => query.where('requester', '=', requester ?? ''))
      .executeTakeFirstOrThrow()
    return Number(bytes ?? 0)
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(act)
    this.#tail = turn.catch(() => undefined)
    return turn
  }
}
