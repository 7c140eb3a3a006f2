import { existsSync, readFileSync } from 'node:fs'

import { metricsPage, metricsPath } from '../lib/metrics.js'

/** docs/metrics.md is what the worker's table of metrics says. */
export function metrics(): string[] {
  const kept = existsSync(metricsPath) ? readFileSync(metricsPath, 'utf8') : ''
  return kept === metricsPage() ? [] : ['docs/metrics.md is not what the table of metrics says: run `npm run gen`']
}
