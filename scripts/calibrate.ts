/**
 * Measures this machine and prints what to set for a class whose least machine it is: `npm run calibrate`.
 * Options: --threads, --seconds (to measure), --solve (seconds a solution shall take), --count, --latency, --rate (hashes a
 * second, instead of measuring), --json.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

import { calibrate, CALIBRATION_DEFAULTS as DEFAULTS, measureHashRate, seatsHeldUp } from '../sdk/src/worker/index.js'
import { QUALIFICATION_DEFAULTS } from '../sdk/src/deploy/parameters.js'

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    ...{ threads: text, seconds: text, solve: text, count: text, latency: text, rate: text },
    json: { type: 'boolean', default: false },
  },
})

function numberOf(name: string, value: string | undefined, fallback: number): number {
  const number = value === undefined ? fallback : Number(value)
  if (!(number > 0)) throw new Error(`--${name} must be a number above zero`)
  return number
}

const threads = numberOf('threads', values.threads, availableParallelism())
const seconds = numberOf('seconds', values.seconds, 5)
const rate = numberOf('rate', values.rate, values.rate === undefined ? await measureHashRate({ threads, seconds }) : 0)
const result = calibrate({
  rate,
  solveSeconds: numberOf('solve', values.solve, DEFAULTS.solveSeconds),
  count: numberOf('count', values.count, DEFAULTS.count),
  latencySeconds: numberOf('latency', values.latency, DEFAULTS.latencySeconds),
  failure: DEFAULTS.failure,
})
const { work, count, window, falseFailure, halfRatePass, twoSeatsPass } = result
const policy = { work: Number(work), count, window, ...QUALIFICATION_DEFAULTS }

if (values.json)
  console.log(JSON.stringify({ threads, rate: Math.round(rate), policy, falseFailure, halfRatePass, twoSeatsPass }))
else {
  console.log(`This machine does ${Math.round(rate).toLocaleString('en')} hashes a second with ${threads} threads.`)
  console.log('For a class whose least machine is this one, set (sdk/src/deploy/parameters.ts, `puzzle`):\n')
  console.log(JSON.stringify(policy, undefined, 2).replaceAll('"', ''))
  console.log(`\nIt fails a check by bad luck with chance ${falseFailure.toExponential(1)}.`)
  console.log(`A machine of half its rate passes with chance ${halfRatePass.toExponential(1)}.`)
  console.log(`It serves two seats in one window with chance ${twoSeatsPass.toExponential(1)}.`)
  console.log(
    `So it holds up ${seatsHeldUp(1, policy.fractionBps).toFixed(1)} seats at most, machines twice as fast twice as many.`,
  )
}
