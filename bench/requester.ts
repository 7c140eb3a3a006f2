/**
 * The requester's side, as a report: what the SDK adds between a prover's finish and the verified proof in hand, what it takes to watch many
 * workloads in one process, how the API server answers while a thousand listen to its events, and how fast its proxy brings requests to the chain.
 * `WATCHED` says how many workloads (10,000 by default), `LISTENERS` how many listeners (1,000), `SECONDS` how long each load lasts (20), `ASKED` how many
 * requests (256). On a machine with other work the times are that work's, too.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { startApi } from '../sdk/src/api/server/startApi.js'
import type { Hex, WorkloadId } from '../sdk/src/chain/hex.js'
import type { GevulotClient } from '../sdk/src/client/createClient.js'
import { jsonLogger } from '../sdk/src/worker/log/Logger.js'
import { aProgram, operatorOf, PROOF, prover, PUBLIC_INPUTS, someInputs, startNetwork, TOKEN, type Network } from '../test/support/network.js' // prettier-ignore
import { type Row, writeReport } from './report.js'
import { submitting } from './submitting.js'

const WATCHED = Number(process.env['WATCHED'] ?? 10_000)
const LISTENERS = Number(process.env['LISTENERS'] ?? 1_000)
const SECONDS = Number(process.env['SECONDS'] ?? 20)
const ROUNDS = 8
const COMMAND = join(import.meta.dirname, '../sdk/dist/cli/main.js')
const BLOCK_SECONDS = 2
/** Requests under way at the same time. */
const AT_ONCE = 16

if (process.argv[2] === 'listen') await listen(process.argv[3] ?? '')
else await measure()

async function measure(): Promise<void> {
  const network = await startNetwork()
  try {
    const client = await network.client({ pollMs: 2_000 })
    await client.deposit({ amount: 10_000n * TOKEN })
    const program = await aProgram(network, client)
    const rows = [...helping(), ...(await inHand(network, client, program)), ...(await watching(network, client, program)), ...(await serving(network, client, program)), ...(await submitting(network, program))] // prettier-ignore
    console.log(`load of the machine: ${loadavg().map((load) => load.toFixed(1)).join(', ')}`) // prettier-ignore
    writeReport(rows)
  } finally {
    await network.chain.stop()
  }
}

/** What somebody waits for who asks how a command is called: the built command, in a process of its own each time. */
function helping(): Row[] {
  const times = Array.from({ length: ROUNDS }, () => {
    const started = performance.now()
    const { status } = spawnSync(process.execPath, [COMMAND, 'workload', 'submit', '--help'], { stdio: 'ignore' })
    if (status !== 0) throw new Error('the command line is not built: npm run build:sdk')
    return performance.now() - started
  })
  return [{ name: 'CLI: help of a command, median', value: Math.round(at(times, 0.5)), unit: 'ms', target: 300, peer: '–' }] // prettier-ignore
}

async function drawn(network: Network, client: GevulotClient, program: Hex): Promise<WorkloadId> {
  const { minimumFee: fee } = await client.quote({ program, maxRunTime: 600 })
  const { workload } = await client.submit({ program, inputs: someInputs(), fee, maxRunTime: 600 })
  await network.chain.mine(4)
  await client.assign({ workload })
  return workload
}

/** From the moment at which a prover has the proof, in blocks that come every two seconds, with the client's default settings. */
async function inHand(network: Network, client: GevulotClient, program: Hex): Promise<Row[]> {
  const beyond: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const workload = await drawn(network, client, program)
    const { spec, slots } = await client.getWorkload({ workload })
    const { seat } = slots[0] ?? { seat: 0 }
    await network.chain.provider.send('evm_setIntervalMining', [BLOCK_SECONDS])
    try {
      const waiting = client.waitForProof({ workload })
      // Anywhere between two blocks and two looks.
      await sleep(500 + Math.random() * 1_000 * BLOCK_SECONDS)
      const finished = performance.now()
      await prover.submitProof(network, spec, seat)
      const { proof } = await waiting
      const verdict = await client.verifyProof({ workload, program, proof, publicInputs: PUBLIC_INPUTS, prover: operatorOf(network, seat).address }) // prettier-ignore
      if (!verdict.valid || proof.length !== PROOF.length) throw new Error('the proof is not the one that was made')
      beyond.push(performance.now() - finished - 2_000 * BLOCK_SECONDS)
    } finally {
      await network.chain.provider.send('evm_setIntervalMining', [0])
      await network.chain.provider.send('evm_setAutomine', [true])
    }
  }
  const name = 'SDK: verified proof in hand after the prover finished, beyond two blocks of 2 s'
  return [
    { name: `${name}, median`, value: Math.round(at(beyond, 0.5)), unit: 'ms', target: 1_000, peer: '–' },
    { name: `${name}, worst of ${ROUNDS}`, value: Math.round(at(beyond, 1)), unit: 'ms', target: 1_000, peer: '–' },
  ]
}

/** One watch of them all, while blocks come and one of the workloads goes through its life. */
async function watching(network: Network, client: GevulotClient, program: Hex): Promise<Row[]> {
  const { provider } = network.chain
  // What comes after this is not measured among them.
  const without: unknown = await provider.send('evm_snapshot', [])
  const live = await drawn(network, client, program)
  const { minimumFee: fee } = await client.quote({ program, maxRunTime: 100 })
  await client.deposit({ amount: BigInt(WATCHED) * fee })
  const request = { program, inputs: someInputs(), fee, maxRunTime: 100 }
  const submitted = await client.submitMany({ requests: Array.from({ length: WATCHED - 1 }, () => request) })
  const others = submitted.map(({ workload }) => workload)
  const heap = (): number => {
    globalThis.gc?.()
    return process.memoryUsage().heapUsed
  }
  const before = heap()
  const stop = new AbortController()
  let seen = 0
  const watched = (async () => {
    const watch = client.watchWorkloads({ workloads: [live, ...others], signal: stop.signal })
    for await (const update of watch) if (update.kind === 'events') seen += update.events.length
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  while (seen === 0) await sleep(50)
  const processor = process.cpuUsage()
  const started = performance.now()
  const { spec, slots } = await client.getWorkload({ workload: live })
  await prover.submitProof(network, spec, slots[0]?.seat ?? 0)
  const known = seen
  while (seen === known || performance.now() - started < 1_000 * SECONDS) {
    await network.chain.mine(1)
    await sleep(500)
  }
  const { user, system } = process.cpuUsage(processor)
  const share = (user + system) / 1_000 / (performance.now() - started)
  const grown = (heap() - before) / 2 ** 20
  stop.abort()
  await watched
  await provider.send('evm_revert', [without])
  const name = `SDK: watching ${WATCHED} workloads in one process`
  return [
    { name: `${name}, memory`, value: Math.round(grown), unit: 'MiB', target: 100, peer: '–' },
    { name: `${name}, of a core`, value: Math.round(100 * share), unit: '%', target: 20, peer: '–' },
  ]
}

/** Reads, with a rate that nobody reaches, while listeners of all events are told of workloads that come. */
async function serving(network: Network, client: GevulotClient, program: Hex): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'gevulot-bench-'))
  const log = jsonLogger({ level: 'error', write: console.log, now: () => Date.now() })
  const rate = { perSecond: 1_000_000, burst: 1_000_000 }
  const fast = await network.client({ pollMs: 250 })
  const api = await startApi({
    client: fast,
    directory,
    log,
    version: '0',
    port: 0,
    proxy: false,
    explorer: false,
    rate,
    // All come from this machine.
    streams: { withoutKey: LISTENERS, ofAddress: LISTENERS },
  })
  // They are another machine: what they take is not the server's.
  const listeners = spawn(process.execPath, ['--import', 'tsx', import.meta.filename, 'listen', api.url], { stdio: ['ignore', 'pipe', 'inherit'] }) // prettier-ignore
  const ended = once(listeners, 'exit')
  let p99 = Number.NaN
  let connected = 0
  listeners.stdout.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().split('\n').filter(Boolean)) {
      const message = JSON.parse(line) as { readonly connected?: number; readonly p99?: number }
      connected = message.connected ?? connected
      p99 = message.p99 ?? p99
    }
  })
  try {
    while ((await fetch(`${api.url}/ready`)).status !== 200) await sleep(50)
    while (connected < LISTENERS) await sleep(50)
    const workload = await drawn(network, client, program)
    while ((await fetch(`${api.url}/v1/workloads?limit=1`)).status !== 200) await sleep(50)
    const until = performance.now() + 1_000 * SECONDS
    const times: number[] = []
    const reads = Array.from({ length: AT_ONCE }, async (_, lane) => {
      while (performance.now() < until) {
        const asked = performance.now()
        const answer = await fetch(`${api.url}/v1/${lane % 2 === 0 ? 'workloads' : `workloads/${workload}`}`)
        await answer.arrayBuffer()
        if (answer.status !== 200) throw new Error(`the server answered ${answer.status}`)
        times.push(performance.now() - asked)
      }
    })
    const acts = (async () => {
      while (performance.now() < until) {
        await drawn(network, client, program)
        await sleep(500)
      }
    })()
    await Promise.all([...reads, acts])
    listeners.kill('SIGTERM')
    await ended
    const name = `API with ${LISTENERS} listeners`
    return [
      { name: `${name}: a read, p99, ${AT_ONCE} at a time`, value: Math.round(at(times, 0.99)), unit: 'ms', target: 500, peer: '–' }, // prettier-ignore
      { name: `${name}: time of a read in the long run`, value: Math.round((1e6 * SECONDS) / times.length), unit: 'µs', target: 10_000, peer: '–' }, // prettier-ignore
      { name: `${name}: an event, behind the first who hears of it, p99`, value: Math.round(p99), unit: 'ms', target: 1_000, peer: '–' }, // prettier-ignore
    ]
  } finally {
    listeners.kill('SIGKILL')
    await api.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The listeners, in a process of their own: tells when all are connected, and in the end how far behind the first of them the others heard of events. */
async function listen(url: string): Promise<void> {
  const first = new Map<string, number>()
  const told: number[] = []
  let connected = 0
  const { hostname, port } = new URL(url)
  for (let index = 0; index < LISTENERS; index++) {
    httpRequest({ hostname, port, path: '/v1/events', agent: false }, (response) => {
      if (response.statusCode !== 200) throw new Error(`a listener was answered ${response.statusCode}`)
      if (++connected === LISTENERS) process.stdout.write(`${JSON.stringify({ connected })}\n`)
      response.on('data', (chunk: Buffer) => {
        const now = performance.now()
        for (const [id] of chunk.toString().matchAll(/"transaction":"0x[0-9a-f]{64}"/g)) {
          const earliest = first.get(id) ?? now
          first.set(id, earliest)
          told.push(now - earliest)
        }
      })
      response.on('error', () => undefined)
    })
      .on('error', (error) => console.error(String(error)))
      .end()
    if (index % 50 === 49) await sleep(20)
  }
  await once(process, 'SIGTERM')
  process.stdout.write(`${JSON.stringify({ p99: at(told, 0.99) })}\n`, () => process.exit())
}

/** The value below which this part of them lies. */
function at(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
}
