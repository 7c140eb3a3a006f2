import type { Kysely } from 'kysely'
import type { Migration, MigrationProvider } from 'kysely/migration'

/** All migrations, oldest first. One that has been released never changes. */
export const migrations: MigrationProvider = {
  getMigrations: () => Promise.resolve(MIGRATIONS),
}

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_first_tables': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('cursor')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('cursor', 'text', (column) => column.notNull())
        .execute()
      await db.schema
        .createTable('events')
        .addColumn('block', 'integer', (column) => column.notNull())
        .addColumn('log_index', 'integer', (column) => column.notNull())
        .addColumn('contract', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('workload', 'text')
        .addColumn('seat', 'integer')
        .addColumn('event', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('events_pk', ['block', 'log_index'])
        .execute()
      await db.schema.createIndex('events_by_workload').on('events').columns(['workload', 'name']).execute()
      await db.schema.createIndex('events_by_name').on('events').columns(['name', 'block']).execute()
      await db.schema
        .createTable('jobs')
        .addColumn('workload', 'text', (column) => column.notNull())
        .addColumn('seat', 'integer', (column) => column.notNull())
        .addColumn('open', 'boolean', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('fail_reason', 'text')
        .addColumn('why', 'text')
        .addColumn('proof_digest', 'text')
        .addColumn('proof_path', 'text')
        .addColumn('delivered', 'boolean', (column) => column.notNull())
        .addColumn('rank', 'integer')
        .addColumn('paid', 'text')
        .addColumn('closed', 'boolean', (column) => column.notNull())
        .addColumn('created_at', 'double precision', (column) => column.notNull())
        .addColumn('updated_at', 'double precision', (column) => column.notNull())
        .addPrimaryKeyConstraint('jobs_pk', ['workload', 'seat'])
        .execute()
      await db.schema
        .createTable('job_history')
        .addColumn('id', 'integer', (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn('workload', 'text', (column) => column.notNull())
        .addColumn('seat', 'integer', (column) => column.notNull())
        .addColumn('from_state', 'text')
        .addColumn('to_state', 'text', (column) => column.notNull())
        .addColumn('why', 'text')
        .addColumn('at', 'double precision', (column) => column.notNull())
        .execute()
      await db.schema
        .createTable('commitments')
        .addColumn('workload', 'text', (column) => column.notNull())
        .addColumn('seat', 'integer', (column) => column.notNull())
        .addColumn('proof_digest', 'text', (column) => column.notNull())
        .addColumn('salt', 'text', (column) => column.notNull())
        .addColumn('proof_path', 'text', (column) => column.notNull())
        .addColumn('at', 'double precision', (column) => column.notNull())
        .addPrimaryKeyConstraint('commitments_pk', ['workload', 'seat'])
        .execute()
      await db.schema
        .createTable('transactions')
        .addColumn('id', 'integer', (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('nonce', 'integer', (column) => column.notNull())
        .addColumn('target', 'text', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .addColumn('gas_limit', 'text', (column) => column.notNull())
        .addColumn('deadline', 'double precision')
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('at', 'double precision', (column) => column.notNull())
        .execute()
      await db.schema.createIndex('transactions_by_state').on('transactions').column('state').execute()
      await db.schema
        .createTable('transaction_versions')
        .addColumn('hash', 'text', (column) => column.primaryKey())
        .addColumn('transaction_id', 'integer', (column) => column.notNull().references('transactions.id'))
        .addColumn('raw', 'text', (column) => column.notNull())
        .addColumn('max_fee', 'text', (column) => column.notNull())
        .addColumn('priority_fee', 'text', (column) => column.notNull())
        .addColumn('cancels', 'boolean', (column) => column.notNull())
        .addColumn('at', 'double precision', (column) => column.notNull())
        .execute()
      await db.schema
        .createTable('runs')
        .addColumn('id', 'integer', (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn('program', 'text', (column) => column.notNull())
        .addColumn('seconds', 'double precision', (column) => column.notNull())
        .addColumn('outcome', 'text', (column) => column.notNull())
        .addColumn('at', 'double precision', (column) => column.notNull())
        .execute()
      await db.schema.createIndex('runs_by_program').on('runs').columns(['program', 'at']).execute()
    },
  },
  '0002_actions': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('actions')
        .addColumn('id', 'integer', (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('nonce', 'text', (column) => column.notNull())
        .addColumn('target', 'text', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .addColumn('deadline', 'double precision')
        .addColumn('block', 'integer', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('at', 'double precision', (column) => column.notNull())
        .execute()
      await db.schema.createIndex('actions_by_key').on('actions').column('key').execute()
      await db.schema.createIndex('actions_by_state').on('actions').column('state').execute()
    },
  },
  '0003_rewards': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('recorded_rewards')
        .addColumn('workload', 'text', (column) => column.primaryKey())
        .addColumn('at', 'double precision', (column) => column.notNull())
        .execute()
    },
  },
  '0004_proofs': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('proofs')
        .addColumn('workload', 'text', (column) => column.primaryKey())
        .addColumn('proof', 'bytea', (column) => column.notNull())
        .addColumn('public_inputs', 'bytea', (column) => column.notNull())
        .execute()
    },
  },
  '0005_decisions': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('decisions')
        .addColumn('workload', 'text', (column) => column.primaryKey())
        .addColumn('decision', 'text', (column) => column.notNull())
        .addColumn('at', 'double precision', (column) => column.notNull())
        .execute()
    },
  },
  '0006_verdicts': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('verdicts')
        .addColumn('committee', 'text', (column) => column.notNull())
        .addColumn('workload', 'text', (column) => column.notNull())
        .addColumn('attempt', 'integer', (column) => column.notNull())
        .addColumn('proofs', 'text', (column) => column.notNull())
        .addColumn('valid', 'text', (column) => column.notNull())
        .addColumn('said', 'text')
        .addPrimaryKeyConstraint('verdicts_pk', ['committee', 'workload', 'attempt', 'proofs'])
        .execute()
    },
  },
}
