/**
 * What the queue of a fleet costs, as a report: a task's way through it without any run (given, taken, its stages, result and proof delivered,
 * forgotten), alone and with many runners; the queue by itself on a server and on the embedded database, which a fleet does not use (ADR 32);
 * and how long a lost runner's task waits for another. On a server of its own, on this machine.
 */
import { randomBytes } from 'node:crypto'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

import { PGlite } from '@electric-sql/pglite'
import { fromPglite, PgBoss } from 'pg-boss'

import type { Address, Bytes32, ProgramId, WorkloadId } from '../sdk/src/chain/index.js'
import { systemClock } from '../sdk/src/clock.js'
import { joinFleet, openFleet, type Fleet } from '../sdk/src/worker/fleet/openFleet.js'
import { RunnerQueue } from '../sdk/src/worker/fleet/RunnerQueue.js'
import { TaskQueue } from '../sdk/src/worker/fleet/TaskQueue.js'
import { jsonLogger } from '../sdk/src/worker/log/Logger.js'
import { postgresMissing, PostgresServer } from '../test/support/PostgresServer.js'
import { type Row, writeReport } from './report.js'

const TASKS = 200
const RUNNERS = 8
const PROOF_BYTES = 1_024
const LEASE_SECONDS = 10
const SHAPE = { cores: 1, memoryMiB: 64, outputMiB: 1, gpus: 0 }
const QUEUE = 'bench'

const log = jsonLogger({ level: 'error', write: (line) => console.error(line), now: () => Date.now() })
const hex = (): `0x${string}` => `0x${randomBytes(32).toString('hex')}`
const always = (): boolean => true

function row(name: string, value: number, unit: string, target: number): Row {
  return { name, value: Number(value.toPrecision(3)), unit, target, peer: '–' }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

async function post(queue: TaskQueue): Promise<void> {
  const order = {
    ...{ chainId: 1, workload: hex() as WorkloadId, programId: hex() as ProgramId, inputs: hex() },
    program: {
      ...{ prover: hex(), verifierProgram: hex(), verifier: `0x${'0'.repeat(40)}` as Address },
      ...{ verifierGas: 0, class: 1, bindsProver: false },
    },
    ...{ publicInputs: hex() as Bytes32, prover: `0x${'ab'.repeat(20)}` as Address, uris: [] },
  }
  await queue.post(order, SHAPE, 600)
}

/** Takes and ends one task as a runner does; false if none was there. */
async function serve(queue: TaskQueue, runner: RunnerQueue): Promise<boolean> {
  const task = await runner.take(always, always)
  if (task === undefined) return false
  await runner.stage(task, 'fetching')
  await runner.stage(task, 'running')
  const proof = randomBytes(PROOF_BYTES)
  const digest = hex()
  await runner.finish(task, { kind: 'proved', digest, runs: [], log: '' }, { proof, publicInputs: proof })
  await queue.newest(task)
  await queue.proof(task)
  await queue.remove(task)
  return true
}

/** A queue of pg-boss by itself: given, taken, ended. */
async function bossAlone(options: ConstructorParameters<typeof PgBoss>[0]): Promise<number> {
  const boss = new PgBoss(options)
  await boss.start()
  try {
    await boss.createQueue(QUEUE)
    const milliseconds = await timed(async () => {
      for (let index = 0; index < TASKS; index++) {
        await boss.send(QUEUE, { index })
        const [job] = await boss.fetch(QUEUE)
        if (job === undefined) throw new Error('no job came')
        await boss.complete(QUEUE, job)
      }
    })
    return milliseconds / TASKS
  } finally {
    await boss.stop({ graceful: false })
  }
}

/** From the last sign of life of a runner to its task at another. */
async function recovery(queue: TaskQueue, one: RunnerQueue, two: RunnerQueue): Promise<number> {
  await post(queue)
  const lost = await one.take(always, always)
  if (lost === undefined) throw new Error('no task came')
  return timed(async () => {
    while ((await two.take(always, always)) === undefined) {
      await sleep(1_000)
      await queue.supervise()
    }
    await queue.remove(lost)
  })
}

const missing = postgresMissing()
if (missing !== undefined) throw new Error(missing)
const server = await PostgresServer.start()
const open: Fleet[] = []
try {
  const cores = availableParallelism()
  const rows = [row(`fleet: load of this machine, which has ${cores} cores`, loadavg()[0] ?? 0, 'jobs', cores)]
  const place = { url: server.url, name: 'fleet', clock: systemClock, log }
  const fleet = await openFleet(place, '')
  open.push(fleet)
  const queue = new TaskQueue(fleet, '1-0xa', LEASE_SECONDS)
  const runners: RunnerQueue[] = []
  for (let index = 0; index < RUNNERS; index++) {
    const joined = await joinFleet(place)
    open.push(joined)
    runners.push(new RunnerQueue(joined, String(index)))
  }
  const [one, two] = runners
  if (one === undefined || two === undefined) throw new Error('no runners')

  const alone = await timed(async () => {
    for (let index = 0; index < TASKS; index++) {
      await post(queue)
      await serve(queue, one)
    }
  })
  rows.push(row('fleet: a task, given, taken, delivered, forgotten; on a server', alone / TASKS, 'ms', 50))
  for (let index = 0; index < TASKS; index++) await post(queue)
  const together = await timed(() =>
    Promise.all(
      runners.map(async (runner) => {
        while (await serve(queue, runner));
      }),
    ),
  )
  rows.push(row(`fleet: a task of ${TASKS} that wait, ${RUNNERS} runners`, together / TASKS, 'ms', 50))

  const onServer = { connectionString: server.url, schema: 'alone' }
  rows.push(row('fleet: the queue alone, a job, on a server', await bossAlone(onServer), 'ms', 20))
  const pglite = await PGlite.create()
  rows.push(
    row(
      'fleet: the queue alone, a job, on PGlite',
      await bossAlone({ db: fromPglite(pglite), backend: 'pglite' }),
      'ms',
      20,
    ),
  )
  await pglite.close()

  const seconds = (await recovery(queue, one, two)) / 1000
  rows.push(row(`fleet: a lost runner's task at another, lease ${LEASE_SECONDS} s`, seconds, 's', LEASE_SECONDS + 3))
  writeReport(rows)
} finally {
  for (const fleet of open.reverse()) await fleet.close()
  await server.stop()
}
