import type { Kysely } from 'kysely'
import { Migrator, type MigrationProvider } from 'kysely/migration'

/** The tables are of a newer version of this software. */
export class NewerTables extends Error {
  /** Those that this version does not know. */
  readonly migrations: readonly string[]

  constructor(migrations: readonly string[]) {
    super(`the tables are of a newer version: they have been through ${migrations.join(', ')}`)
    this.migrations = migrations
  }
}

/**
 * Brings the tables of a database up to date; closes it if that fails.
 * @param schema Where they are: on a server there may be others' records of migrations.
 * @throws NewerTables, Error; the caller's part of the SDK says what it means.
 */
export async function migrate<Schema>(
  db: Kysely<Schema>,
  migrations: MigrationProvider,
  schema?: string,
): Promise<Kysely<Schema>> {
  const place = schema === undefined ? {} : { migrationTableSchema: schema }
  try {
    const known = Object.keys(await migrations.getMigrations())
    const unknown = (await migrationsMade(db, schema)).filter((name) => !known.includes(name))
    if (unknown.length > 0) throw new NewerTables(unknown)
    const { error } = await new Migrator({ db, provider: migrations, ...place }).migrateToLatest()
    if (error !== undefined) throw new Error('the tables cannot be brought up to date', { cause: error })
    return db
  } catch (error) {
    await db.destroy()
    throw error
  }
}

/** Names of the migrations that a database has been through, oldest first; none before the first. */
export async function migrationsMade<Schema>(db: Kysely<Schema>, schema = 'public'): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'kysely_migration' && table.schema === schema)) return []
  const records = db.withSchema(schema) as unknown as Kysely<{ kysely_migration: { name: string } }>
  const rows = await records.selectFrom('kysely_migration').select('name').orderBy('name').execute()
  return rows.map(({ name }) => name)
}
