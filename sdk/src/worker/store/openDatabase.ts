import type { Kysely } from 'kysely'
import { NewerTables } from '../../database/migrate.js'
import { openEmbedded } from '../../database/openEmbedded.js'
import { openServer, type ServerPlace } from '../../database/openServer.js'
import { workerError } from '../../errors/codes/worker.js'
import { migrations } from './migrations.js'
import type { WorkerSchema } from './schema.js'

/** The worker's database. */
export type Database = Kysely<WorkerSchema>

/**
 * Opens the worker's database and brings its tables up to date.
 * @param place Directory of an embedded one, or a server; none: in memory.
 * @throws GevulotError WORKER_STATE_INVALID, WORKER_STATE_NEWER, WORKER_DATABASE_UNAVAILABLE
 */
export async function openDatabase(place?: string | ServerPlace): Promise<Database> {
  try {
    if (typeof place === 'object') return await openServer<WorkerSchema>(place, migrations)
    return await openEmbedded<WorkerSchema>(place, migrations)
  } catch (cause) {
    if (cause instanceof NewerTables) throw stateNewer(cause)
    if (typeof place === 'object') throw databaseUnavailable(cause)
    throw workerError('WORKER_STATE_INVALID', `cannot open the database in ${place ?? 'memory'}`, { cause })
  }
}

/** This version must not touch what a newer one keeps. */
export function stateNewer(cause: NewerTables): Error {
  return workerError('WORKER_STATE_NEWER', cause.message, { cause, details: { migrations: cause.migrations } })
}

/** What a server's refusal means to the operator. */
export function databaseUnavailable(cause: unknown): Error {
  const first = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const why = first instanceof Error ? first.message : String(first)
  return workerError('WORKER_DATABASE_UNAVAILABLE', `the database server cannot be used: ${why}`, { cause })
}
