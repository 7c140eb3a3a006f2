import { rename, rm } from 'node:fs/promises'

import { sql, type Kysely } from 'kysely'
import type { MigrationProvider } from 'kysely/migration'

import { openEmbedded } from '../../sdk/src/database/openEmbedded.js'
import { migrations } from '../../sdk/src/worker/store/migrations.js'
import { openDatabase } from '../../sdk/src/worker/store/openDatabase.js'

/** Names of the worker's versions of its tables, oldest first. */
export const STATE_VERSIONS: readonly string[] = Object.keys(await migrations.getMigrations()).sort()

/** The migrations that an older build knew, of the worker if nothing else is said: up to one. */
export function migrationsUpTo(version: string, of: MigrationProvider = migrations): MigrationProvider {
  return {
    getMigrations: async () =>
      Object.fromEntries(Object.entries(await of.getMigrations()).filter(([name]) => name <= version)),
  }
}

/** Columns by table, as a database has them, in an order in which rows can be put in. Its own of migrations are left out. */
export async function columnsOf<Schema>(db: Kysely<Schema>, schema = 'public'): Promise<Map<string, string[]>> {
  const tables = await db.introspection.getTables()
  const refersToOthers = ({ name }: { readonly name: string }): boolean => name === 'transaction_versions'
  const own = tables
    .filter((table) => table.schema === schema)
    .sort((a, b) => Number(refersToOthers(a)) - Number(refersToOthers(b)))
  return new Map(own.map(({ name, columns }) => [name, columns.map((column) => column.name)]))
}

/** Every row of a table, in an order that does not matter. */
export async function rowsOf<Schema>(db: Kysely<Schema>, table: string): Promise<Record<string, unknown>[]> {
  return [...(await sql<Record<string, unknown>>`select * from ${sql.id(table)}`.execute(db)).rows]
}

/** Puts rows into a table, with the numbers that the database gave them. */
export async function putRows<Schema>(
  db: Kysely<Schema>,
  table: string,
  columns: readonly string[],
  rows: readonly Record<string, unknown>[],
): Promise<void> {
  const names = sql.join(columns.map((column) => sql.id(column)))
  for (const row of rows) {
    const values = sql.join(columns.map((column) => row[column]))
    await sql`insert into ${sql.id(table)} (${names}) overriding system value values (${values})`.execute(db)
  }
  if (!columns.includes('id') || rows.length === 0) return
  const serial = sql<{ name: string | null }>`select pg_get_serial_sequence(${table}, 'id') as name`
  const name = (await serial.execute(db)).rows[0]?.name
  if (name === null || name === undefined) return
  await sql`select setval(${name}, (select max(id) from ${sql.id(table)}))`.execute(db)
}

/** Turns the embedded database of a worker that does not run into what an older build would have left in its place. */
export async function age(directory: string, version: string): Promise<void> {
  const old = `${directory}.old`
  const [now, then] = [await openDatabase(directory), await openEmbedded<unknown>(old, migrationsUpTo(version))]
  for (const [table, columns] of await columnsOf(then)) await putRows(then, table, columns, await rowsOf(now, table))
  await now.destroy()
  await then.destroy()
  await rm(directory, { recursive: true })
  await rename(old, directory)
}
