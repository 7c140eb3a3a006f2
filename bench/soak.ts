/**
 * A worker for an hour (`MINUTES`): a workload every few seconds, from submission to payment, on a chain at one block a second. What must stay flat is
 * its memory and its open files; what must not happen is a workload without a proof. Real contracts, a worker process of its own, programs in bubblewrap.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { readEvents } from '../sdk/src/chain/index.js'
import { TestNetwork } from '../test/support/network/TestNetwork.js'
import { type Row, writeReport } from './report.js'

const MINUTES = Number(process.env['MINUTES'] ?? 60)
const EVERY_MS = 5_000
const SAMPLE_MS = 10_000
/** Time for the last ones to be paid. */
const FINISH_SECONDS = 180

interface Sample {
  readonly memoryMiB: number
  readonly files: number
}

function sampleOf(pid: number): Sample {
  const memoryMiB = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
  return { memoryMiB, files: readdirSync(`/proc/${pid}/fd`).length }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Workloads that ended, by outcome. */
async function outcomes(network: TestNetwork): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for await (const event of readEvents(network.contracts, { names: ['Finished'] })) {
    if (event.name === 'Finished') found.set(event.args.outcome, (found.get(event.args.outcome) ?? 0) + 1)
  }
  return found
}

const network = await TestNetwork.start()
try {
  const program = await network.deployGuest('hashcash')
  const operator = await network.addOperator('operator', 4)
  await network.chain.mineEvery(1)
  const worker = await network.startWorker(operator, { logLevel: 'info', pollMs: 500 }, 'sdk/dist/worker/main.js')
  await worker.line(({ message }) => message === 'worker started', 120)
  const samples: Sample[] = []
  const sampling = setInterval(() => samples.push(sampleOf(worker.pid)), SAMPLE_MS)
  let submitted = 0
  for (const end = Date.now() + MINUTES * 60_000; Date.now() < end; submitted++) {
    await network.submit(program)
    await sleep(EVERY_MS)
  }
  clearInterval(sampling)
  let ended = await outcomes(network)
  for (let waited = 0; waited < FINISH_SECONDS; waited += 5) {
    if ([...ended.values()].reduce((sum, count) => sum + count, 0) === submitted) break
    await sleep(5_000)
    ended = await outcomes(network)
  }
  console.log(Object.fromEntries(ended))
  // The first quarter fills caches.
  const quarters = [1, 2, 3].map((at) =>
    samples.slice(Math.floor((at * samples.length) / 4), Math.floor(((at + 1) * samples.length) / 4)),
  )
  const [second = [], , fourth = []] = quarters
  const grown = (of: (sample: Sample) => number) => (100 * mean(fourth.map(of))) / mean(second.map(of)) - 100
  const name = `soak of ${MINUTES} minutes`
  const row = (what: string, value: number, unit: string, target: number): Row => {
    return { name: `${name}: ${what}`, value: Number(value.toPrecision(3)), unit, target, peer: '–' }
  }
  writeReport([
    row('workloads', submitted, 'workloads', submitted),
    row('without a proof', submitted - (ended.get('Proven') ?? 0), 'workloads', 0),
    row("worker's memory, last quarter", mean(fourth.map(({ memoryMiB }) => memoryMiB)), 'MiB', 1_024),
    row(
      'growth of memory from the second quarter to the last',
      grown((sample) => sample.memoryMiB),
      '%',
      5,
    ),
    row(
      'growth of open files from the second quarter to the last',
      grown(({ files }) => files),
      '%',
      5,
    ),
  ])
} finally {
  await network.stop()
}
