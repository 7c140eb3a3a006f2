import { sql, type Kysely, type Transaction } from 'kysely'
import type { StoredContent } from '../../content/ContentStore.js'
import { apiError } from '../../errors/codes/api.js'
import type { ApiSchema } from './schema.js'

/** Contents that a key is about to store. */
export interface NewUploads {
  readonly keyId: string
  readonly contents: readonly StoredContent[]
}

const DAY_MS = 86_400_000

/** What keys have put into the server's store, so that none of them fills its disk. */
export class UploadStore {
  readonly #db: Kysely<ApiSchema>

  constructor(db: Kysely<ApiSchema>) {
    this.#db = db
  }

  /**
   * Counts uploads before their bytes are stored, all or none, one call of a key after the other, so that many at once cannot share the last of a limit.
   * @param perDay Bytes that the key may store within 24 hours.
   * @returns Names them to {@link forget}.
   * @throws GevulotError API_LIMIT_REACHED
   */
  async reserve({ keyId, contents }: NewUploads, perDay: number, now: number): Promise<readonly number[]> {
    if (contents.length === 0) return []
    return this.#db.transaction().execute(async (db) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`uploads ${keyId}`}, 0))`.execute(db)
      const left = perDay - (await usageOf(db, keyId, now))
      const size = contents.reduce((sum, content) => sum + content.size, 0)
      if (size > left) {
        const why = `the content has ${size} bytes, and ${Math.max(0, left)} of the key's day are left`
        throw apiError('API_LIMIT_REACHED', why)
      }
      const rows = contents.map((content) => ({ key_id: keyId, ...content, created_at: now }))
      return (await db.insertInto('uploads').values(rows).returning('id').execute()).map(({ id }) => id)
    })
  }

  /** Nothing was stored. */
  async forget(ids: readonly number[]): Promise<void> {
    if (ids.length > 0) await this.#db.deleteFrom('uploads').where('id', 'in', ids).execute()
  }

  /** Bytes that a key has stored within the last 24 hours. */
  async usage(keyId: string, now: number): Promise<number> {
    return usageOf(this.#db, keyId, now)
  }
}

async function usageOf(db: Kysely<ApiSchema> | Transaction<ApiSchema>, keyId: string, now: number): Promise<number> {
  const { bytes } = await db
    .selectFrom('uploads')
    .select(({ fn }) => fn.sum<string | null>('size').as('bytes'))
    .where('key_id', '=', keyId)
    .where('created_at', '>', now - DAY_MS)
    .executeTakeFirstOrThrow()
  return Number(bytes ?? 0)
}
