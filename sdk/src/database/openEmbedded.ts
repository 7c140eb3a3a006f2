import { mkdir } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import type { MigrationProvider } from 'kysely/migration'
import { migrate } from './migrate.js'

/**
 * Postgres sets aside 128 MiB for pages, which stay with the process once they were touched. Our tables are small and the system keeps their files at hand,
 * so that 16 MiB do as well.
 */
const SETTINGS = ['-c', 'shared_buffers=16MB', '-c', 'wal_buffers=512kB']

/**
 * Opens an embedded database and brings its tables up to date. Everything else speaks to it through Kysely's Postgres dialect, so that
 * {@link openServer | a server} can take its place.
 * @param path Directory, of one process at a time; undefined: in memory.
 * @throws Error the caller's part of the SDK says what it means.
 */
export async function openEmbedded<Schema>(
  path: string | undefined,
  migrations: MigrationProvider,
): Promise<Kysely<Schema>> {
  if (path !== undefined) await mkdir(path, { recursive: true, mode: 0o700 })
  const startParams = [...PGlite.defaultStartParams, ...SETTINGS]
  const pglite = await PGlite.create({ startParams, ...(path !== undefined && { dataDir: path }) })
  return migrate(new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) }), migrations)
}
