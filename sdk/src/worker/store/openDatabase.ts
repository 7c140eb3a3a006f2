import type { Kysely } from 'kysely'
import { openEmbedded } from '../../database/openEmbedded.js'
import { workerError } from '../../errors/codes/worker.js'
import { migrations } from './migrations.js'
import type { WorkerSchema } from './schema.js'

/** The worker's database. */
export type Database = Kysely<WorkerSchema>

/**
 * Opens the worker's database and brings its tables up to date.
 * @param path Directory; none: in memory.
 * @throws GevulotError WORKER_STATE_INVALID
 */
export async function openDatabase(path?: string): Promise<Database> {
  try {
    return await openEmbedded<WorkerSchema>(path, migrations)
  } catch (cause) {
    throw workerError('WORKER_STATE_INVALID', `cannot open the database in ${path ?? 'memory'}`, { cause })
  }
}
