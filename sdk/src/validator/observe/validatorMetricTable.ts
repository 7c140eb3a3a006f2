import { DAEMON_METRICS, type MetricSpec } from '../../worker/observe/metricTable.js'

/** Every metric of the validator, in the order of the page. */
export const VALIDATOR_METRICS = {
  gevulot_validator_info: {
    type: 'gauge',
    help: 'Always 1; says who judges how.',
    labels: ['operator', 'chain', 'runtime'],
  },
  ...DAEMON_METRICS,
  gevulot_committees_open: {
    type: 'gauge',
    help: 'Committees with a seat of this validator that has not answered yet.',
  },
  gevulot_committees_unheard: {
    type: 'gauge',
    help: 'Committees that wait for a seat of this validator, by the state of the chain, and of which no endpoint has told an event.',
  },
  gevulot_judgings_total: {
    type: 'counter',
    help: 'Ended judgings: `verdict` (in the journal), `unable` (this machine cannot judge), `stopped` (of no use any more, or at the end), `error`.',
    labels: ['outcome'],
    values: ['verdict', 'unable', 'stopped', 'error'],
  },
  gevulot_judging_seconds: {
    type: 'histogram',
    help: 'Seconds that judgings took which ended with a verdict: content and the verifier program, of all proofs of a workload.',
    buckets: [1, 3, 10, 30, 60, 120, 300, 600, 1_800, 3_600],
  },
  gevulot_verdicts_total: {
    type: 'counter',
    help: 'What the chain says of the seats since the start: `answered`, and `missed`, which three times in a row drop a seat. Once for each seat, committee and end, however often a reorg takes it away and brings it again; what never comes again stays counted.',
    labels: ['end'],
    values: ['answered', 'missed'],
  },
  gevulot_verdicts_contradicted_total: {
    type: 'counter',
    help: 'Verdicts of committees against what the verifier program itself said here. Each is in the log, with the bond of an appeal.',
  },
} as const satisfies Readonly<Record<string, MetricSpec>>

/** Name of a metric. */
export type ValidatorMetricName = keyof typeof VALIDATOR_METRICS
