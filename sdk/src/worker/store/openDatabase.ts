import { mkdir } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { workerError } from '../../errors/codes/worker.js'
import { migrations } from './migrations.js'
import type { WorkerSchema } from './schema.js'

/** The worker's database. */
export type Database = Kysely<WorkerSchema>

/**
 * Opens the embedded database and brings its tables up to date. Everything else speaks to it through Kysely's Postgres
 * dialect, so that a server can take its place.
 * @param path Directory; none: in memory.
 * @throws GevulotError WORKER_STATE_INVALID
 */
export async function openDatabase(path?: string): Promise<Database> {
  try {
    if (path !== undefined) await mkdir(path, { recursive: true, mode: 0o700 })
    const pglite = await PGlite.create(path === undefined ? {} : { dataDir: path })
    const db = new Kysely<WorkerSchema>({ dialect: new PGliteDialect({ pglite }) })
    const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest()
    if (error !== undefined) throw new Error('the tables cannot be brought up to date', { cause: error })
    return db
  } catch (cause) {
    throw workerError('WORKER_STATE_INVALID', `cannot open the database in ${path ?? 'memory'}`, { cause })
  }
}
