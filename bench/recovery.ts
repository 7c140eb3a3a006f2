/**
 * How long a worker needs to be itself again: after a SIGKILL (a process of its own, embedded database), after a reorg of twenty blocks that all had
 * events, and after it was away for `BLOCKS` blocks of history (100,000 by default; each `EVERY`th has an event). On chains of this machine, whose
 * answers are in the figures.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'

import { hexlify, randomBytes, type Signer } from 'ethers'

import { connect, deploymentOf, type Contracts, type EventBatch } from '../sdk/src/chain/index.js'
import { systemClock } from '../sdk/src/clock.js'
import { deploy } from '../sdk/src/deploy/deploy.js'
import { ChainFollower } from '../sdk/src/worker/chain/ChainFollower.js'
import { ChainTime } from '../sdk/src/worker/chain/ChainTime.js'
import { jsonLogger } from '../sdk/src/worker/log/Logger.js'
import { EventStore } from '../sdk/src/worker/store/EventStore.js'
import { openDatabase } from '../sdk/src/worker/store/openDatabase.js'
import { TestChain } from '../test/support/network/TestChain.js'
import { FAST, ROOMY, TestNetwork } from '../test/support/network/TestNetwork.js'
import { WorkerProcess } from '../test/support/network/WorkerProcess.js'
import { HistoryNode } from './HistoryNode.js'
import { type Row, writeReport } from './report.js'

const BLOCKS = Number(process.env['BLOCKS'] ?? 100_000)
const EVERY = 100
const DEPTH = 20
const TIMES = 5
const POLL_MS = 50
const PATIENCE_SECONDS = 600
const SIGNED = ['transaction signed', 'commit'] as const

const log = jsonLogger({ level: 'error', write: (line) => console.error(line), now: () => Date.now() })
const rows: Row[] = []

function add(name: string, value: number, unit: string, target: number): void {
  rows.push({ name: `recovery: ${name}`, value: Number(value.toPrecision(3)), unit, target, peer: '–' })
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** One event. */
async function admit({ registry }: Contracts): Promise<void> {
  await (await registry.admit(hexlify(randomBytes(20)), true)).wait()
}

/** A follower as a worker's, with the state on disk. */
class Following {
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  #waiting: { readonly test: (batch: EventBatch) => boolean; readonly found: () => void } | undefined

  constructor(contracts: Contracts, events: EventStore) {
    this.#done = new ChainFollower({
      ...{ contracts, events, log, clock: systemClock, time: new ChainTime(systemClock), pollMs: POLL_MS },
      fromBlock: contracts.fromBlock,
      onBatch: async (batch) => {
        if (this.#waiting?.test(batch) === true) this.#waiting.found()
      },
    }).run(this.#stop.signal)
  }

  /** Waits for a batch that was stored. */
  until(test: (batch: EventBatch) => boolean): Promise<void> {
    return new Promise((found) => (this.#waiting = { test, found }))
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }
}

const reaches =
  (block: number) =>
  (batch: EventBatch): boolean =>
    batch.kind === 'events' && batch.to.number >= block

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return (performance.now() - from) / 1_000
}

/** Killed when a commit was signed and not yet sent: the new process has to find it, send it, and see it mined. */
async function killed(): Promise<void> {
  const network = await TestNetwork.start(ROOMY)
  try {
    const program = await network.deployGuest('hashcash')
    const alice = await network.addOperator('alice', 2)
    await network.chain.mineEvery(1)
    const starts: number[] = []
    const commits: number[] = []
    for (let time = 0; time < TIMES; time++) {
      const config = await network.configure(alice, { pollMs: 500 })
      const first = WorkerProcess.start(config, 'test/support/provers/killed.ts', SIGNED)
      network.workers.push(first)
      const workload = await network.submit(program, { redundancy: 2, maxRunTime: 600 })
      await first.exited()
      const from = performance.now()
      const again = WorkerProcess.start(config, 'sdk/dist/worker/main.js')
      network.workers.push(again)
      await again.line(({ message }) => message === 'worker started', PATIENCE_SECONDS)
      starts.push((performance.now() - from) / 1_000)
      const isMined = ({ message, stage }: { message: string; stage?: string }): boolean =>
        message === 'transaction mined' && stage === 'commit'
      await again.line(isMined, PATIENCE_SECONDS)
      commits.push((performance.now() - from) / 1_000)
      void network.requester.releaseWhenServed({ workload }).catch(() => undefined)
      await network.until(workload, 'Finished', PATIENCE_SECONDS)
      await again.stop()
    }
    add('after a SIGKILL, until the process has started', median(starts), 's', 5)
    add('after a SIGKILL, until a signed commit is mined, at a block a second', median(commits), 's', 8)
  } finally {
    await network.stop()
  }
}

/** Reorgs of blocks that all had events, while it follows. */
async function reorged(chain: TestChain, contracts: Contracts, events: EventStore): Promise<void> {
  const following = new Following(contracts, events)
  const seconds: number[] = []
  for (let time = 0; time < TIMES; time++) {
    const seen = following.until(reaches((await chain.provider.getBlockNumber()) + DEPTH))
    for (let block = 0; block < DEPTH; block++) await admit(contracts)
    await seen
    const again = following.until(reaches((await chain.provider.getBlockNumber()) + 1))
    seconds.push(
      await timed(async () => {
        await chain.provider.send('anvil_reorg', [DEPTH, []])
        await chain.mine()
        await again
      }),
    )
  }
  await following.stop()
  add(`after a reorg of ${DEPTH} blocks with events, until the head is read`, median(seconds), 's', 2)
}

/** Blocks that came while it was away. */
async function away(): Promise<void> {
  const node = await HistoryNode.start()
  const { db, contracts, events } = await follower(node.wallet(), 'away')
  try {
    for (let made = 0; made < BLOCKS; made += EVERY) {
      await node.mine(EVERY - 1)
      await admit(contracts)
      if (made % 10_000 === 0) console.log(`  ${made} of ${BLOCKS} blocks are made`)
    }
    const head = await node.provider.getBlockNumber()
    const seconds = await timed(async () => {
      const following = new Following(contracts, events)
      await following.until(reaches(head))
      await following.stop()
    })
    add(`${BLOCKS.toLocaleString('en')} blocks of history, each ${EVERY}th with an event`, seconds, 's', 60)
  } finally {
    await db.destroy()
    await node.stop()
  }
}

/** Contracts of an owner's own, and what follows them. */
async function follower(owner: Signer, name: string) {
  const contracts = await connect(deploymentOf(await deploy({ owner, network: 'test', parameters: FAST })), owner)
  const db = await openDatabase(join(directory, name))
  return { db, contracts, events: new EventStore(db) }
}

const cores = availableParallelism()
add(`load of this machine, which has ${cores} cores`, loadavg()[0] ?? 0, 'jobs', cores)
const directory = await mkdtemp(join(tmpdir(), 'gevulot-bench-'))
const chain = await TestChain.start()
try {
  await killed()
  const { db, contracts, events } = await follower(chain.wallet(0), 'reorged')
  await reorged(chain, contracts, events)
  await db.destroy()
  await away()
  writeReport(rows)
} finally {
  await chain.stop()
  await rm(directory, { recursive: true, force: true })
}
