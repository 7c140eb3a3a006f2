/**
 * Measures this machine and prints what to set for a class whose least machine it is: `npm run calibrate`.
 * Options for hashcash: --threads, --seconds (to measure), --solve (seconds a solution shall take), --count, --rate (hashes a second, instead of
 * measuring). For a proof puzzle: --package (digest of its prover's manifest), --store (where packages are, as in GEVULOT_STORE), --runtime, --runs.
 * For both: --latency, --json.
 */
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { openPlace, parseDigest, placeOptionsOf } from '../sdk/src/content/index.js'
import { QUALIFICATION_DEFAULTS } from '../sdk/src/deploy/parameters.js'
import { createRuntime } from '../sdk/src/runtime/index.js'
import {
  calibrate,
  CALIBRATION_DEFAULTS as DEFAULTS,
  calibrateProof,
  measureHashRate,
  measureProofTimes,
  seatsHeldUp,
} from '../sdk/src/worker/index.js'

const RUNTIMES = ['linux', 'nanos', 'bubblewrap'] as const
const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    ...{ threads: text, seconds: text, solve: text, count: text, latency: text, rate: text },
    ...{ package: text, store: text, runtime: text, runs: text },
    json: { type: 'boolean', default: false },
  },
})

function numberOf(name: string, value: string | undefined, fallback: number): number {
  const number = value === undefined ? fallback : Number(value)
  if (!(number > 0)) throw new Error(`--${name} must be a number above zero`)
  return number
}

const latencySeconds = numberOf('latency', values.latency, DEFAULTS.latencySeconds)
const seats = seatsHeldUp(1, QUALIFICATION_DEFAULTS.fractionBps).toFixed(1)

async function calibrateHashcash(): Promise<void> {
  const threads = numberOf('threads', values.threads, availableParallelism())
  const seconds = numberOf('seconds', values.seconds, 5)
  const rate = numberOf(
    'rate',
    values.rate,
    values.rate === undefined ? await measureHashRate({ threads, seconds }) : 0,
  )
  const result = calibrate({
    ...{ rate, latencySeconds, failure: DEFAULTS.failure },
    solveSeconds: numberOf('solve', values.solve, DEFAULTS.solveSeconds),
    count: numberOf('count', values.count, DEFAULTS.count),
  })
  const { work, count, window, falseFailure, halfRatePass, twoSeatsPass } = result
  const policy = { work: Number(work), count, window, ...QUALIFICATION_DEFAULTS }
  if (values.json) {
    console.log(JSON.stringify({ threads, rate: Math.round(rate), policy, falseFailure, halfRatePass, twoSeatsPass }))
    return
  }
  console.log(`This machine does ${Math.round(rate).toLocaleString('en')} hashes a second with ${threads} threads.`)
  console.log('For a class whose least machine is this one, set (sdk/src/deploy/parameters.ts, `puzzle`):\n')
  console.log(JSON.stringify(policy, undefined, 2).replaceAll('"', ''))
  console.log(`\nIt fails a check by bad luck with chance ${falseFailure.toExponential(1)}.`)
  console.log(`A machine of half its rate passes with chance ${halfRatePass.toExponential(1)}.`)
  console.log(`It serves two seats in one window with chance ${twoSeatsPass.toExponential(1)}.`)
  console.log(`So it holds up ${seats} seats at most, machines twice as fast twice as many.`)
}

async function calibrateProofPuzzle(digest: string): Promise<void> {
  const name = RUNTIMES.find((runtime) => runtime === (values.runtime ?? 'linux'))
  if (name === undefined) throw new Error(`--runtime must be one of ${RUNTIMES.join(', ')}`)
  if (values.store === undefined) throw new Error('--store must say where the package is: a directory or a URL')
  const runs = numberOf('runs', values.runs, 30)
  const cacheDirectory = join(tmpdir(), 'gevulot-calibrate')
  const times = await measureProofTimes({
    ...{ runs, cacheDirectory, package: parseDigest(digest) },
    runtime: createRuntime(name, { cacheDirectory: join(cacheDirectory, 'runtime') }),
    source: openPlace(values.store, placeOptionsOf(process.env)),
    onRun: (done) => values.json || process.stderr.write(`\r${done} of ${runs} runs${done === runs ? '\n' : ''}`),
  })
  const result = calibrateProof({ times, latencySeconds, failure: DEFAULTS.failure })
  const { mean, deviation, slowest, window, falseFailure, falseFailureBound, halfRatePass, twoSeatsPass } = result
  const policy = { window, ...QUALIFICATION_DEFAULTS }
  if (values.json) {
    console.log(JSON.stringify({ runs, runtime: name, ...result, policy }))
    return
  }
  const spread = `${mean.toFixed(2)} s in the mean, deviation ${deviation.toFixed(2)} s, slowest ${slowest.toFixed(2)} s`
  console.log(`This machine proves in ${spread} (${runs} runs, ${name}).`)
  console.log('For a class whose least machine is this one, set the policy (docs/qualification.md):\n')
  console.log(JSON.stringify(policy, undefined, 2).replaceAll('"', ''))
  const bound = `at most ${falseFailureBound.toExponential(1)} whatever the distribution`
  console.log(`\nIt fails a check by bad luck with chance ${falseFailure.toExponential(1)}, ${bound}.`)
  console.log(`A machine that takes twice as long passes with chance ${halfRatePass.toExponential(1)}.`)
  console.log(`It serves two seats in one window with chance ${twoSeatsPass.toExponential(1)}.`)
  if (twoSeatsPass > 0.01) {
    console.log(`The latency of ${latencySeconds} s is too much beside the proof: take a program that proves longer.`)
  } else {
    console.log(`So it holds up ${seats} seats at most, machines twice as fast twice as many.`)
  }
}

await (values.package === undefined ? calibrateHashcash() : calibrateProofPuzzle(values.package))
