import { mkdir } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import type { MigrationProvider } from 'kysely/migration'
import { migrate } from './migrate.js'

/**
 * Postgres sets aside 128 MiB for pages, which stay with the process once they were touched. Our tables are small and the system keeps their files at hand,
 * so that 16 MiB do as well.
 */
const SETTINGS = ['-c', 'shared_buffers=16MB', '-c', 'wal_buffers=512kB']

/** What makes V8 optimize the code of a module that is used much; it is asked about when a module is compiled. */
const OPTIMIZING = ['wasm-tier-up', 'wasm-dynamic-tiering']

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
  const pglite = await unoptimized(() => PGlite.create({ startParams, ...(path !== undefined && { dataDir: path }) }))
  return migrate(new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) }), migrations)
}

/**
 * Runs what compiles the database, and leaves its code as it comes first. Postgres' parser of statements is one function of 100 kB: optimizing it takes the V8 of
 * Node.js 24 600 MiB for a second, much of which stays with the process, and statements then take hardly less time (ADR 59).
 */
async function unoptimized<Result>(compile: () => Promise<Result>): Promise<Result> {
  compiling++
  for (const flag of OPTIMIZING) setFlagsFromString(`--no-${flag}`)
  try {
    return await compile()
  } finally {
    // Two may be opened at a time; what else the process compiles is optimized as ever.
    if (--compiling === 0) for (const flag of OPTIMIZING) setFlagsFromString(`--${flag}`)
  }
}

let compiling = 0
