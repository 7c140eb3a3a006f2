import { statfs } from 'node:fs/promises'
import type { Kysely } from 'kysely'
import { NewerTables } from '../../database/migrate.js'
import { openEmbedded } from '../../database/openEmbedded.js'
import { openServer, type ServerPlace } from '../../database/openServer.js'
import { workerError } from '../../errors/codes/worker.js'
import { migrations } from './migrations.js'
import type { WorkerSchema } from './schema.js'

const LEAST_BYTES = 32 * 2 ** 20

/** The worker's database. */
export type Database = Kysely<WorkerSchema>

/**
 * Opens the worker's database and brings its tables up to date.
 * @param place Directory of an embedded one, or a server; none: in memory.
 * @throws GevulotError WORKER_STATE_INVALID, WORKER_DISK_FULL, WORKER_STATE_NEWER, WORKER_DATABASE_UNAVAILABLE
 */
export async function openDatabase(place?: string | ServerPlace): Promise<Database> {
  try {
    if (typeof place === 'object') return await openServer<WorkerSchema>(place, migrations)
    return await openEmbedded<WorkerSchema>(place, migrations)
  } catch (cause) {
    if (cause instanceof NewerTables) throw stateNewer(cause)
    if (typeof place === 'object') throw databaseUnavailable(cause)
    if (place !== undefined && (await isFull(place))) {
      throw workerError('WORKER_DISK_FULL', `there is no room for the database in ${place}`, { cause })
    }
    throw workerError('WORKER_STATE_INVALID', `cannot open the database in ${place ?? 'memory'}`, { cause })
  }
}

/** Whether the disk of a directory has less room than a database needs to start: it writes 16 MiB ahead. */
async function isFull(directory: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory).catch(() => ({ bavail: Infinity, bsize: 1 }))
  return bavail * bsize < LEAST_BYTES
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
