import type { Kysely } from 'kysely'
import type { Migration, MigrationProvider } from 'kysely/migration'

/** All migrations, oldest first. One that has been released never changes. */
export const migrations: MigrationProvider = {
  getMigrations: () => Promise.resolve(MIGRATIONS),
}

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_jobs': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('bundles')
        .addColumn('id', 'integer', (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn('lane', 'integer', (column) => column.notNull())
        .addColumn('program', 'text', (column) => column.notNull())
        .addColumn('epoch', 'double precision', (column) => column.notNull())
        .addColumn('inputs', 'text', (column) => column.notNull())
        .addColumn('public_inputs', 'text', (column) => column.notNull())
        .addColumn('fee', 'text', (column) => column.notNull())
        .addColumn('max_run_time', 'integer', (column) => column.notNull())
        .addColumn('redundancy', 'integer', (column) => column.notNull())
        .addColumn('deadline', 'double precision', (column) => column.notNull())
        .addColumn('created_at', 'double precision', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('nonce', 'integer')
        .addColumn('workload', 'text')
        .addColumn('block', 'integer')
        .addColumn('why', 'text')
        .execute()
      await db.schema.createIndex('bundles_by_state').on('bundles').columns(['state', 'id']).execute()
      await db.schema
        .createTable('jobs')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('epoch', 'double precision', (column) => column.notNull())
        .addColumn('inputs', 'text', (column) => column.notNull())
        .addColumn('input_bytes', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'double precision', (column) => column.notNull())
        .addColumn('started_at', 'double precision', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('outcome', 'text')
        .addColumn('held', 'boolean', (column) => column.notNull())
        .addColumn('bundle', 'integer', (column) => column.references('bundles.id'))
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('result', 'text')
        .addColumn('why', 'text')
        .addColumn('updated_at', 'double precision', (column) => column.notNull())
        .execute()
      await db.schema.createIndex('jobs_by_state').on('jobs').columns(['state', 'created_at']).execute()
      await db.schema.createIndex('jobs_by_bundle').on('jobs').column('bundle').execute()
      await db.schema
        .createTable('epochs')
        .addColumn('epoch', 'double precision', (column) => column.primaryKey())
        .addColumn('first_seen', 'double precision', (column) => column.notNull())
        .execute()
    },
  },
  '0002_proxy': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('bundles').addColumn('request_key', 'text').addColumn('request', 'text').execute()
    },
  },
  '0003_request_terms': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable('bundles')
        .addColumn('type', 'text')
        .addColumn('jobs', 'integer')
        .addColumn('delivery_key', 'text')
        .execute()
    },
  },
}
