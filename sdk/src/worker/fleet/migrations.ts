import type { Kysely } from 'kysely'
import type { Migration, MigrationProvider } from 'kysely/migration'

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_fleet': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('tasks')
        .addColumn('account', 'text', (column) => column.notNull())
        .addColumn('workload', 'text', (column) => column.notNull())
        .addColumn('task', 'text', (column) => column.notNull())
        .addColumn('queue', 'text', (column) => column.notNull())
        .addColumn('at', 'double precision', (column) => column.notNull())
        .addPrimaryKeyConstraint('tasks_pk', ['account', 'workload'])
        .execute()
      await db.schema
        .createTable('attempts')
        .addColumn('task', 'text', (column) => column.notNull())
        .addColumn('attempt', 'integer', (column) => column.notNull())
        .addColumn('runner', 'text', (column) => column.notNull())
        .addColumn('stage', 'text', (column) => column.notNull())
        .addColumn('result', 'text')
        .addColumn('at', 'double precision', (column) => column.notNull())
        .addPrimaryKeyConstraint('attempts_pk', ['task', 'attempt'])
        .execute()
      await db.schema.createIndex('attempts_by_runner').on('attempts').column('runner').execute()
      await db.schema
        .createTable('task_proofs')
        .addColumn('task', 'text', (column) => column.primaryKey())
        .addColumn('proof', 'bytea', (column) => column.notNull())
        .addColumn('public_inputs', 'bytea', (column) => column.notNull())
        .execute()
      await db.schema
        .createTable('runners')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('version', 'text', (column) => column.notNull())
        .addColumn('runtime', 'text', (column) => column.notNull())
        .addColumn('runs', 'integer', (column) => column.notNull())
        .addColumn('cores', 'integer', (column) => column.notNull())
        .addColumn('memory_mib', 'integer', (column) => column.notNull())
        .addColumn('output_mib', 'integer', (column) => column.notNull())
        .addColumn('gpus', 'integer', (column) => column.notNull())
        .addColumn('busy', 'integer', (column) => column.notNull())
        .addColumn('stopping', 'boolean', (column) => column.notNull())
        .addColumn('proved', 'integer', (column) => column.notNull())
        .addColumn('unproved', 'integer', (column) => column.notNull())
        .addColumn('started_at', 'double precision', (column) => column.notNull())
        .addColumn('seen_at', 'double precision', (column) => column.notNull())
        .execute()
    },
  },
}

/**
 * All migrations of a fleet's tables, oldest first. One that has been released never changes. A change of what tasks or results look like is one too, though
 * it may change no table, and is named `NNNN_format_N`: so runners of another version are told, and do not wait for work they cannot read.
 */
export const fleetMigrations: MigrationProvider = {
  getMigrations: () => Promise.resolve(MIGRATIONS),
}

/** Their names, oldest first. */
export const FLEET_VERSIONS: readonly string[] = Object.keys(MIGRATIONS).sort()

/** Number of the form of tasks and results. */
export const TASK_FORMAT = 1 + FLEET_VERSIONS.filter((name) => name.includes('_format_')).length
