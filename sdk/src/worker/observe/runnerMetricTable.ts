import { WORKER_METRICS, type MetricSpec } from './metricTable.js'

const { gevulot_runs_total, gevulot_run_seconds, gevulot_disk_free_bytes } = WORKER_METRICS

/** Every metric of a runner that is a daemon of its own, in the order of the page. */
export const RUNNER_METRICS = {
  gevulot_runs_total,
  gevulot_run_seconds,
  gevulot_runner_tasks: { type: 'gauge', help: 'Tasks that the runner has now.' },
  gevulot_runner_tasks_total: {
    type: 'counter',
    help: 'Tasks that ended here: `proved`, `failed`, `refused`, `returned` (given to another at a stop), `lost` (another has it, or nobody needs it).',
    labels: ['end'],
  },
  gevulot_runner_heard_seconds: {
    type: 'gauge',
    help: 'Seconds since the database last answered; programs go on without it.',
  },
  gevulot_disk_free_bytes,
} as const satisfies Readonly<Record<string, MetricSpec>>
