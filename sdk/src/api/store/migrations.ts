import { sql, type Kysely } from 'kysely'
import type { Migration, MigrationProvider } from 'kysely/migration'
import { INDEX_TABLES } from './indexTables.js'

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
  '0002_index': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('index_head')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('identity', 'text', (column) => column.notNull())
        .addColumn('cursor', 'text')
        .addColumn('block', 'integer', (column) => column.notNull())
        .addColumn('time', 'integer', (column) => column.notNull())
        .execute()
      for (const [table, { columns, key }] of Object.entries(INDEX_TABLES)) {
        const rows = columns.map(([name, type, nullable]) => `${name} ${type}${nullable === true ? '' : ' not null'}`)
        const primary = key === undefined ? '' : `, primary key (${key})`
        await sql.raw(`create table ${table} (${rows.join(', ')}${primary})`).execute(db)
      }
      for (const [name, on] of Object.entries(INDEXES)) await sql.raw(`create index ${name} on ${on}`).execute(db)
    },
  },
  '0003_webhooks': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('webhooks')
        .addColumn('id', 'integer', (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn('public_id', 'text', (column) => column.notNull().unique())
        .addColumn('key_id', 'text', (column) => column.notNull())
        .addColumn('url', 'text', (column) => column.notNull())
        .addColumn('secret', 'text', (column) => column.notNull())
        .addColumn('created_at', 'double precision', (column) => column.notNull())
        .addColumn('disabled', 'text')
        .execute()
      await db.schema.createIndex('webhooks_by_key').on('webhooks').columns(['key_id', 'id']).execute()
      await db.schema
        .createTable('deliveries')
        .addColumn('id', 'integer', (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn('public_id', 'text', (column) => column.notNull())
        .addColumn('webhook', 'integer', (column) => column.notNull().references('webhooks.id'))
        .addColumn('request', 'integer', (column) => column.notNull().references('requests.id'))
        .addColumn('event', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('created_at', 'double precision', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('next_at', 'double precision', (column) => column.notNull())
        .addColumn('tried_at', 'double precision')
        .addColumn('answer', 'text')
        .addUniqueConstraint('deliveries_once', ['webhook', 'request', 'event'])
        .execute()
      await db.schema.createIndex('deliveries_due').on('deliveries').columns(['state', 'next_at']).execute()
      await db.schema.createIndex('requests_by_time').on('requests').column('created_at').execute()
    },
  },
  '0004_uploads': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('requests').addColumn('delivery_key', 'text').execute()
      await db.schema
        .createTable('uploads')
        .addColumn('id', 'integer', (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn('key_id', 'text', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('size', 'double precision', (column) => column.notNull())
        .addColumn('created_at', 'double precision', (column) => column.notNull())
        .execute()
      await db.schema.createIndex('uploads_by_key').on('uploads').columns(['key_id', 'created_at']).execute()
    },
  },
  '0005_lost_and_kept': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('requests').addColumn('submitted_block', 'integer').execute()
      await db.schema.alterTable('webhooks').addColumn('old_secret', 'text').execute()
      await db.schema.alterTable('webhooks').addColumn('old_until', 'double precision').execute()
      await db.schema
        .createTable('kept')
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('workload', 'text', (column) => column.notNull())
        .addColumn('requester', 'text', (column) => column.notNull())
        .addColumn('size', 'double precision', (column) => column.notNull())
        .addColumn('created_at', 'double precision', (column) => column.notNull())
        .addColumn('claimed', 'boolean', (column) => column.notNull())
        .addPrimaryKeyConstraint('kept_once', ['workload', 'digest'])
        .execute()
      await db.schema.createIndex('kept_by_digest').on('kept').column('digest').execute()
      await db.schema.createIndex('kept_by_time').on('kept').column('created_at').execute()
    },
  },
  '0006_release_and_costs': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable('requests')
        .addColumn('releasing', 'boolean', (column) => column.notNull().defaultTo(false))
        .addColumn('gas_cost', 'text')
        .addColumn('label', 'text')
        .addColumn('jobs', 'integer', (column) => column.notNull().defaultTo(1))
        .execute()
    },
  },
  '0007_cancelled': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable('requests')
        .addColumn('cancelled', 'boolean', (column) => column.notNull().defaultTo(false))
        .execute()
    },
  },
  // The index is made anew: slots did not have what committees found invalid.
  '0008_committees_verdicts': {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql`delete from index_head`.execute(db)
    },
  },
  '0009_cancelled_block': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('requests').addColumn('cancelled_block', 'integer').execute()
      await sql`update requests set cancelled_block = 0 where cancelled`.execute(db)
      await db.schema.alterTable('requests').dropColumn('cancelled').execute()
    },
  },
}

// 0002: the tables of the index as its rows are written.
const INDEXES: Readonly<Record<string, string>> = {
  events_by_workload: 'events (workload, block, log_index)',
  events_by_seat: 'events (seat, contract)',
  events_by_name: 'events (name, time)',
  events_by_transaction: 'events (transaction text_pattern_ops)',
  workloads_in_order: 'workloads (block, log_index)',
  workloads_open: 'workloads (block, log_index) where finished_at is null',
  workloads_by_text: 'workloads (workload text_pattern_ops)',
  workloads_by_program: 'workloads (program, block, log_index)',
  workloads_by_requester: 'workloads (lower(requester) text_pattern_ops, block, log_index)',
  workloads_by_end: 'workloads (finished_at)',
  workloads_by_submission: 'workloads (submitted_at)',
  slots_by_operator: 'slots (operator, workload)',
  slots_by_seat: 'slots (seat)',
  earnings_by_workload: 'earnings (workload)',
  earnings_by_operator: 'earnings (operator, kind)',
  earnings_by_time: 'earnings (time)',
  earnings_by_block: 'earnings (block)',
  programs_by_text: 'programs (program text_pattern_ops)',
  seats_by_operator: 'seats (lower(operator) text_pattern_ops)',
}
