/** What follows from the worker's table of metrics: their page in the docs. */
import { join } from 'node:path'

import { WORKER_METRICS, type MetricSpec } from '../../sdk/src/worker/observe/metricTable.js'
import { VALIDATOR_METRICS } from '../../sdk/src/validator/observe/validatorMetricTable.js'
import { RUNNER_METRICS } from '../../sdk/src/worker/observe/runnerMetricTable.js'
import { root } from './artifacts.js'

export const metricsPath = join(root, 'docs/metrics.md')

/** `docs/metrics.md` as it must be. */
export function metricsPage(): string {
  const rows = rowsOf(WORKER_METRICS)
  return `# Health and metrics of the worker and the validator

With \`observePort\` in its configuration (\`GEVULOT_OBSERVE_PORT\`), the worker answers HTTP at \`observeHost\`, this machine alone by default.

| Path | Answer |
| --- | --- |
| \`/live\` | 200; 503 when the coordinator has ended no round for five minutes: restart the worker |
| \`/ready\` | 200; 503 with the reasons while it cannot keep deadlines: \`standingBy\` (another acts for the account), \`hangs\`, \`chainUnseen\` (no new block for \`readySeconds\`), \`noEndpoint\` (of several [endpoints](operator.md#more-than-one-endpoint) all are set aside), \`drawUnheard\` (a seat is at work, and no endpoint told for what), \`submitterEnded\` (the [submitter key](../sdk/src/worker/README.md#who-signs) can act no more), or \`noRunner\` (a [fleet](../sdk/src/worker/README.md#from-one-machine-to-a-fleet) without any that takes work) |
| \`/metrics\` | the figures below in Prometheus' text format |

Nothing is taken in, and nothing secret is told; the operator's address and its balances are on the chain anyway. Balances and seats are read once a minute.

[ops/prometheus/alerts.yml](../ops/prometheus/alerts.yml) holds alert rules, each with what to do, and [ops/grafana/worker.json](../ops/grafana/worker.json) a
dashboard; [units of systemd](operator.md#8-as-a-service) run each daemon as a service. What the log holds besides: one JSON object a line, with \`workload\`, \`seat\` and \`stage\`.

An outcome \`reverted\` is no fault by itself: most such acts are found in simulation and never sent, because another was faster (keepers, open slots) or the work was over. Only reveals that
revert count for the alert \`GevulotTransactionsFail\`, beside all that is \`failed\` or \`expired\`: nobody else can make them, and the seat is slashed for its silence.

| Metric | Type | Labels | What |
| --- | --- | --- | --- |
${rows}

## The validator

With the same fields a [validator](../sdk/src/validator/README.md) serves the same paths, and each of its figures has the same meaning where the name is the same. \`/live\` is 503 when it has looked at no committee that was due for
five minutes; \`/ready\` says \`standingBy\`, \`hangs\`, \`chainUnseen\`, \`noEndpoint\` and \`committeeUnheard\` (a committee waits for a seat, and no endpoint told of it). [ops/grafana/validator.json](../ops/grafana/validator.json) is its dashboard; the rules in [alerts.yml](../ops/prometheus/alerts.yml) watch both.

| Metric | Type | Labels | What |
| --- | --- | --- | --- |
${rowsOf(VALIDATOR_METRICS)}

## A runner of a fleet

A [runner](../sdk/src/worker/README.md#from-one-machine-to-a-fleet) that is a daemon of its own serves the same paths: \`/live\` is always 200, \`/ready\` is 503 with \`databaseUnheard\` when the database has not
answered for \`readySeconds\`. What the coordinator knows of all runners is in the table above, \`gevulot_runner_…\`.

| Metric | Type | Labels | What |
| --- | --- | --- | --- |
${rowsOf(RUNNER_METRICS)}
`
}

function rowsOf(table: Readonly<Record<string, MetricSpec>>): string {
  return Object.entries(table)
    .map(
      ([name, { type, labels = [], help }]) =>
        `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
    )
    .join('\n')
}
