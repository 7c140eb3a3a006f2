/** Writes docs/metrics.md of the worker's table of metrics. */
import { writeFileSync } from 'node:fs'

import { metricsPage, metricsPath } from '../lib/metrics.js'

writeFileSync(metricsPath, metricsPage())
