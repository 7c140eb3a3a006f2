import type { Kysely } from 'kysely'
import type { Migration, MigrationProvider } from 'kysely/migration'

/** All migrations, oldest first. One that has been released never changes. */
export const migrations: MigrationProvider = {
  getMigrations: () => Promise.resolve(MIGRATIONS),
}

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_requests': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('requests')
        .addColumn('id', 'integer', (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn('public_id', 'text', (column) => column.notNull().unique())
        .addColumn('key_id', 'text', (column) => column.notNull())
        .addColumn('idempotency_key', 'text')
        .addColumn('body_hash', 'text', (column) => column.notNull())
        .addColumn('program', 'text', (column) => column.notNull())
        .addColumn('inputs', 'text', (column) => column.notNull())
        .addColumn('public_inputs', 'text', (column) => column.notNull())
        .addColumn('inputs_uri', 'text', (column) => column.notNull())
        .addColumn('fee', 'text', (column) => column.notNull())
        .addColumn('max_run_time', 'integer', (column) => column.notNull())
        .addColumn('redundancy', 'integer', (column) => column.notNull())
        .addColumn('rescue', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'double precision', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('nonce', 'integer')
        .addColumn('workload', 'text')
        .addColumn('cancelling', 'boolean', (column) => column.notNull())
        .addColumn('error', 'text')
        .addUniqueConstraint('requests_idempotency', ['key_id', 'idempotency_key'])
        .execute()
      await db.schema.createIndex('requests_by_state').on('requests').columns(['state', 'id']).execute()
      await db.schema.createIndex('requests_by_key').on('requests').columns(['key_id', 'created_at']).execute()
    },
  },
}
