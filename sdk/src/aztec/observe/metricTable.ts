import type { MetricSpec } from '../../worker/observe/metricTable.js'

/** Every metric of the adapter, in the order of the page. Amounts of tokens are in whole units. */
export const AZTEC_METRICS = {
  gevulot_aztec_info: {
    type: 'gauge',
    help: 'Always 1; says who acts, and for which release.',
    labels: ['account', 'chain', 'release'],
  },
  gevulot_aztec_broker_age_seconds: { type: 'gauge', help: 'Seconds since the broker last answered as it should.' },
  gevulot_aztec_jobs: { type: 'gauge', help: 'Jobs in flight, by type and state.', labels: ['type', 'state'] },
  gevulot_aztec_taken_total: { type: 'counter', help: 'Jobs taken from the broker, by type.', labels: ['type'] },
  gevulot_aztec_reported_total: { type: 'counter', help: 'Results reported to the broker, by type.', labels: ['type'] },
  gevulot_aztec_failed_total: {
    type: 'counter',
    help: 'Jobs reported as failed, by type; retry: whether the broker may hand them out again.',
    labels: ['type', 'retry'],
  },
  gevulot_aztec_closed_total: {
    type: 'counter',
    help: 'Jobs that came to an end, by type and how.',
    labels: ['type', 'outcome'],
  },
  gevulot_aztec_job_seconds: {
    type: 'histogram',
    help: 'Seconds from taking a job to reporting its result, by type.',
    labels: ['type'],
    buckets: [5, 15, 30, 60, 120, 300, 600, 1_200, 2_400],
  },
  gevulot_aztec_bundles_total: {
    type: 'counter',
    help: 'Workloads submitted, by type of their jobs.',
    labels: ['type'],
  },
  gevulot_aztec_bundle_jobs_total: { type: 'counter', help: 'Jobs in submitted workloads, by type.', labels: ['type'] },
  gevulot_aztec_fees_tokens_total: { type: 'counter', help: 'Fees of submitted workloads since the start.' },
  gevulot_aztec_refused_results_total: {
    type: 'counter',
    help: 'Results that the network delivered and that were not reported, being malformed or invalid.',
  },
  gevulot_aztec_budget_left_tokens: { type: 'gauge', help: 'What may still be spent within these 24 hours.' },
} as const satisfies Readonly<Record<string, MetricSpec>>

/** Name of a metric. */
export type AztecMetricName = keyof typeof AZTEC_METRICS
