import type { ApiSchema } from './schema.js'

/** The tables that follow from the chain, all of which can be made again. */
export type IndexTable = 'events' | 'workloads' | 'slots' | 'earnings' | 'programs' | 'seats'

type Column<Row> = readonly [name: keyof Row & string, type: string, nullable?: true]
type Tables = {
  readonly [Name in IndexTable]: { readonly columns: readonly Column<ApiSchema[Name]>[]; readonly key?: string }
}

const AMOUNT = 'numeric(39)'

/** Columns with their SQL types: migration 0002 makes the tables of it, and rows are written by it. A change needs another migration. */
export const INDEX_TABLES: Tables = {
  events: {
    columns: [
      ['block', 'integer'],
      ['log_index', 'integer'],
      ['time', 'integer'],
      ['transaction', 'text'],
      ['contract', 'text'],
      ['name', 'text'],
      ['workload', 'text', true],
      ['seat', 'integer', true],
      ['args', 'text'],
    ],
    key: 'block, log_index',
  },
  workloads: {
    columns: [
      ['workload', 'text'],
      ['block', 'integer'],
      ['log_index', 'integer'],
      ['submitted_at', 'integer'],
      ['program', 'text'],
      ['requester', 'text'],
      ['class', 'integer'],
      ['fee', AMOUNT],
      ['max_run_time', 'integer'],
      ['redundancy', 'integer'],
      ['assigned_at', 'integer', true],
      ['closed_at', 'integer', true],
      ['finished_at', 'integer', true],
      ['outcome', 'text', true],
      ['commits', 'integer'],
      ['ranks', 'integer'],
      ['paid', AMOUNT],
      ['refunded', AMOUNT],
      ['burned', AMOUNT],
    ],
    key: 'workload',
  },
  slots: {
    columns: [
      ['workload', 'text'],
      ['seat', 'integer'],
      ['operator', 'text'],
      ['slot', 'integer', true],
      ['drawn_at', 'integer', true],
      ['accepted_at', 'integer', true],
      ['committed_at', 'integer', true],
      ['run_time', 'integer', true],
      ['revealed_at', 'integer', true],
      ['valid', 'boolean', true],
      ['declined', 'boolean'],
      ['failed', 'text', true],
      ['missed', 'boolean'],
      ['silent', 'boolean'],
      ['rank', 'integer', true],
      ['paid', AMOUNT],
      ['last_at', 'integer'],
    ],
    key: 'workload, seat',
  },
  earnings: {
    columns: [
      ['workload', 'text', true],
      ['operator', 'text'],
      ['seat', 'integer', true],
      ['kind', 'text'],
      ['amount', AMOUNT],
      ['time', 'integer'],
      ['block', 'integer'],
    ],
  },
  programs: {
    columns: [
      ['program', 'text'],
      ['block', 'integer'],
      ['log_index', 'integer'],
      ['deployed_at', 'integer'],
      ['deployer', 'text'],
      ['prover', 'text'],
      ['verifier_program', 'text'],
      ['verifier', 'text'],
      ['class', 'integer'],
      ['binds_prover', 'boolean'],
      ['uri', 'text'],
    ],
    key: 'program',
  },
  seats: {
    columns: [
      ['seat', 'integer'],
      ['operator', 'text'],
      ['class', 'integer'],
      ['state', 'text'],
      ['since', 'integer'],
      ['bond', AMOUNT],
      ['slashed', AMOUNT],
      ['slashes', 'integer'],
      ['evictions', 'integer'],
    ],
    key: 'seat',
  },
}
