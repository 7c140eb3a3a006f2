import type { Kysely } from 'kysely'
import { Migrator, type MigrationProvider } from 'kysely/migration'

/**
 * Brings the tables of a database up to date; closes it if that fails.
 * @param schema Where they are: on a server there may be others' records of migrations.
 * @throws Error the caller's part of the SDK says what it means.
 */
export async function migrate<Schema>(
  db: Kysely<Schema>,
  migrations: MigrationProvider,
  schema?: string,
): Promise<Kysely<Schema>> {
  const place = schema === undefined ? {} : { migrationTableSchema: schema }
  const { error } = await new Migrator({ db, provider: migrations, ...place }).migrateToLatest()
  if (error === undefined) return db
  await db.destroy()
  throw new Error('the tables cannot be brought up to date', { cause: error })
}
