import { sql, type Kysely, type Transaction } from 'kysely'
import type { Digest } from '../../content/digest.js'
import { apiError } from '../../errors/codes/api.js'
import type { ApiSchema } from './schema.js'

/** A piece of content that a key is about to store. */
export interface NewUpload {
  readonly keyId: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
}

const DAY_MS = 86_400_000

/** What keys have put into the server's store, so that none of them fills its disk. */
export class UploadStore {
  readonly #db: Kysely<ApiSchema>

  constructor(db: Kysely<ApiSchema>) {
    this.#db = db
  }

  /**
   * Counts an upload before its bytes come, one of a key after the other, so that many at once cannot share the last of a limit.
   * @param perDay Bytes that the key may store within 24 hours.
   * @returns Names it to {@link forget}.
   * @throws GevulotError API_LIMIT_REACHED
   */
  async reserve({ keyId, digest, size }: NewUpload, perDay: number, now: number): Promise<number> {
    return this.#db.transaction().execute(async (db) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`uploads ${keyId}`}, 0))`.execute(db)
      const left = perDay - (await usageOf(db, keyId, now))
      if (size > left) {
        const why = `the content has ${size} bytes, and ${Math.max(0, left)} of the key's day are left`
        throw apiError('API_LIMIT_REACHED', why)
      }
      const row = { key_id: keyId, digest, size, created_at: now }
      return (await db.insertInto('uploads').values(row).returning('id').executeTakeFirstOrThrow()).id
    })
  }

  /** Nothing was stored. */
  async forget(id: number): Promise<void> {
    await this.#db.deleteFrom('uploads').where('id', '=', id).execute()
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
