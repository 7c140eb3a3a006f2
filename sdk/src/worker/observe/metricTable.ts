import { JOB_STATES } from '../job/transitions.js'

/** What a metric is; the page of metrics, the dashboard's test and the registry all derive from a table of these. */
export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels?: readonly string[]
  /** Values of its only label that stand at 0 from the start: Prometheus sees no increase in a row that begins with its first event. */
  readonly values?: readonly string[]
  /** Upper ends of a histogram's buckets. */
  readonly buckets?: readonly number[]
}

/** What every daemon with an account shows. Amounts of tokens and gas money are in whole units, not wei. */
export const DAEMON_METRICS = {
  gevulot_standing_by: {
    type: 'gauge',
    help: 'Whether it waits while another acts for the account, 1, or acts itself, 0. One that waits shows no other figure.',
  },
  gevulot_chain_head: { type: 'gauge', help: 'Number of the newest block seen.' },
  gevulot_chain_age_seconds: {
    type: 'gauge',
    help: 'Seconds since the newest block was first seen; grows while no endpoint answers or no block comes.',
  },
  gevulot_endpoint_up: {
    type: 'gauge',
    help: 'Whether requests may go to an RPC endpoint, 1, or it is set aside, 0.',
    labels: ['endpoint'],
  },
  gevulot_endpoint_current: {
    type: 'gauge',
    help: 'Whether requests go to an RPC endpoint now: 1 or 0.',
    labels: ['endpoint'],
  },
  gevulot_endpoint_head: {
    type: 'gauge',
    help: 'Newest block of an RPC endpoint when it was last looked at; of several only.',
    labels: ['endpoint'],
  },
  gevulot_endpoint_failures_total: {
    type: 'counter',
    help: 'Failures of an RPC endpoint, by what was wrong with it.',
    labels: ['endpoint', 'why'],
  },
  gevulot_chain_reorgs_total: { type: 'counter', help: 'Reorgs that undid stored blocks.' },
  gevulot_reconciled_seconds: {
    type: 'gauge',
    help: 'Seconds since a round of the work last ended; a daemon that hangs does not reset it.',
  },
  gevulot_transactions_total: {
    type: 'counter',
    help: 'Transactions by what they are for and how they ended; one that a reorg takes away and that ends the same way again counts once.',
    labels: ['stage', 'outcome'],
  },
  gevulot_transaction_gas_total: {
    type: 'counter',
    help: 'Gas used by those that were mined, by what they are for.',
    labels: ['stage'],
  },
  gevulot_disk_free_bytes: {
    type: 'gauge',
    help: 'Bytes free on the disk of the data directory; when it is full, work is declined.',
  },
  gevulot_gas_money: {
    type: 'gauge',
    help: "Balance of the key's account, which pays for gas, in the chain's own coin; of a submitter key its own.",
  },
  gevulot_relays: {
    type: 'gauge',
    help: 'Relays that the configuration names; with one the account may have no gas money.',
  },
  gevulot_market_tokens: { type: 'gauge', help: "The operator's balance in the market, tokens." },
  gevulot_seats: { type: 'gauge', help: 'Seats worked for, by status on the chain.', labels: ['status'] },
} as const satisfies Readonly<Record<string, MetricSpec>>

/** Name of a metric that every daemon with an account has. */
export type DaemonMetricName = keyof typeof DAEMON_METRICS

/** Every metric of the worker, in the order of the page. */
export const WORKER_METRICS = {
  gevulot_worker_info: {
    type: 'gauge',
    help: 'Always 1; says who works how.',
    labels: ['operator', 'chain', 'runtime', 'mode'],
  },
  ...DAEMON_METRICS,
  gevulot_submitter_seconds_left: {
    type: 'gauge',
    help: 'Seconds until the submitter key can act no more; 0: it cannot. Only where one acts.',
    labels: ['key'],
  },
  gevulot_jobs: { type: 'gauge', help: 'Jobs that are not closed, by state.', labels: ['state'] },
  gevulot_job_transitions_total: {
    type: 'counter',
    help: 'Jobs that came into a state; one that had ended and that a reorg gives back comes into its states again.',
    labels: ['state'],
    values: JOB_STATES,
  },
  gevulot_earned_tokens_total: {
    type: 'counter',
    help: 'Tokens paid for ranks since the start: once for each job, as the chain says when the job closes.',
  },
  gevulot_runs_total: {
    type: 'counter',
    help: 'Ended runs of programs, by outcome.',
    labels: ['outcome'],
    values: [
      'ok',
      'program-error',
      'timeout',
      'out-of-memory',
      'disk-full',
      'crash',
      'no-result',
      'runtime-failed',
      'aborted',
    ],
  },
  gevulot_run_seconds: {
    type: 'histogram',
    help: 'Seconds that programs ran.',
    buckets: [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000],
  },
  gevulot_rewards_due_tokens: { type: 'gauge', help: 'Network rewards of ended epochs that can be claimed, tokens.' },
  gevulot_rewards_pending_tokens: {
    type: 'gauge',
    help: 'Points of the epoch of rewards that runs: the most it can give, tokens.',
  },
  gevulot_rewards_claimed_tokens_total: {
    type: 'counter',
    help: 'Network rewards that this worker has claimed since the start, tokens.',
  },
  gevulot_draws_unheard: {
    type: 'gauge',
    help: 'Seats that the chain holds for work of which no endpoint has told an event, or whose job is closed here: they will be slashed.',
  },
  gevulot_approvals_waiting: {
    type: 'gauge',
    help: 'Workloads that wait for the operator (mode approve); what nobody answers is declined.',
  },
  gevulot_fleet_waiting: { type: 'gauge', help: 'Tasks of this account that wait for a runner.' },
  gevulot_fleet_retries_total: {
    type: 'counter',
    help: 'Tasks that went to another runner, because the first was lost, was stopped, or refused.',
  },
  gevulot_runner_up: {
    type: 'gauge',
    help: 'Whether a runner is there and takes work: 1 or 0.',
    labels: ['runner'],
  },
  gevulot_runner_seen_seconds: { type: 'gauge', help: 'Seconds since a runner was heard of.', labels: ['runner'] },
  gevulot_runner_busy: { type: 'gauge', help: 'Tasks that a runner has.', labels: ['runner'] },
  gevulot_runner_room: { type: 'gauge', help: 'Most programs that a runner runs at once.', labels: ['runner'] },
} as const satisfies Readonly<Record<string, MetricSpec>>

/** Name of a metric. */
export type MetricName = keyof typeof WORKER_METRICS
