import { sql, type Kysely } from 'kysely'
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
  '0007_run_limits': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('runs').addColumn('max_run_time', 'double precision').execute()
      // Nobody knows what workloads of before gave; less than a run took it cannot have been.
      await sql`update runs set max_run_time = ceil(seconds)`.execute(db)
      await sql`alter table runs alter column max_run_time set not null`.execute(db)
    },
  },
  // What is looked for again and again is found without all history being read.
  '0008_indexes': {
    async up(db: Kysely<unknown>): Promise<void> {
      const index = (name: string) => db.schema.createIndex(name)
      await index('jobs_open').on('jobs').columns(['created_at', 'seat']).where(sql.ref('closed'), '=', false).execute()
      await index('jobs_by_update').on('jobs').column('updated_at').execute()
      await index('transactions_by_nonce').on('transactions').column('nonce').execute()
      await index('versions_by_transaction').on('transaction_versions').column('transaction_id').execute()
      await index('recorded_rewards_by_time').on('recorded_rewards').column('at').execute()
    },
  },
  '0009_solutions': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('solutions')
        .addColumn('seat', 'integer', (column) => column.primaryKey())
        .addColumn('seed', 'text', (column) => column.notNull())
        .addColumn('solution', 'text', (column) => column.notNull())
        .addColumn('at', 'double precision', (column) => column.notNull())
        .execute()
    },
  },
  // By what the text of an event says: an older version beside this one, which knows no such thing, fills it too.
  '0010_programs': {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql`create index events_by_program on events ((substring(event from '"program":"(0x[0-9a-f]{64})"')))
        where name = 'ProgramDeployed'`.execute(db)
    },
  },
  '0011_proof_verdicts': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('proof_verdicts')
        .addColumn('workload', 'text', (column) => column.primaryKey())
        .addColumn('program', 'text', (column) => column.notNull())
        .addColumn('valid', 'boolean', (column) => column.notNull())
        .addColumn('unexplained', 'integer')
        .addColumn('at', 'double precision', (column) => column.notNull())
        .execute()
      // Read at every look at every job.
      await db.schema.createIndex('proof_verdicts_by_program').on('proof_verdicts').columns(['program', 'at']).execute()
    },
  },
}
