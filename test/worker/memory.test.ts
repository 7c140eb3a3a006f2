import { execFile } from 'node:child_process'
import { getEventListeners, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'chai'

import { root } from '../../scripts/lib/artifacts.js'
import {
  toAddress,
  type CommitteeEvent,
  type EventBatch,
  type GevulotEvent,
  type MarketEvent,
  type WorkloadId,
} from '../../sdk/src/chain/index.js'
import { systemClock, type Clock } from '../../sdk/src/clock.js'
import { Bell } from '../../sdk/src/worker/Bell.js'
import { Pauses } from '../../sdk/src/worker/coordinate/Pauses.js'
import { EventStore } from '../../sdk/src/worker/store/EventStore.js'
import type { Database } from '../../sdk/src/worker/store/openDatabase.js'
import { DATABASES, useDatabases } from '../support/databases.js'

const MIB = 2 ** 20
const HOUR_MS = 3_600_000

/** What {@link ../support/memoryProbe.ts} says, of at most so much memory for objects. */
async function probe(objectsMiB: number, ...args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const script = join(root, 'test/support/memoryProbe.ts')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [`--max-old-space-size=${objectsMiB}`, '--import', 'tsx', script, ...args],
    { cwd: root },
  )
  return JSON.parse(stdout) as Readonly<Record<string, number>>
}

describe('worker: memory', function () {
  this.timeout(240_000)

  it('an answer of an endpoint takes a few times its size, not fifty times', async () => {
    const length = 24 * MIB
    const server = createServer((_, response) => {
      response.end(`{"jsonrpc":"2.0","id":1,"result":"0x${'ab'.repeat(length / 2 - 1)}"}`)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      expect(await probe(256, 'answer', `http://127.0.0.1:${port}`)).to.deep.equal({ length })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('the code of the embedded database is not optimized, which takes 600 MiB', async () => {
    const { compiling } = await probe(1_024, 'statements')
    expect(compiling).to.be.within(1, 150 * MIB)
  })

  it('a bell wakes whoever waits, and leaves nothing with the signal', async () => {
    const bell = new Bell(systemClock)
    const stop = new AbortController()
    for (let wait = 0; wait < 100; wait++) {
      const woken = bell.wait(HOUR_MS, stop.signal)
      bell.ring()
      await woken
      bell.ring()
      await bell.wait(HOUR_MS, stop.signal)
      await bell.wait(0, stop.signal)
    }
    expect(getEventListeners(stop.signal, 'abort')).to.be.empty
    const last = bell.wait(HOUR_MS, stop.signal)
    stop.abort()
    await last
    await bell.wait(HOUR_MS, stop.signal)
    expect(getEventListeners(stop.signal, 'abort')).to.be.empty
  })

  it('an act that failed is forgotten when it did not come again for long', () => {
    let now = 0
    const pauses = new Pauses({ elapsed: () => now } as Clock)
    const failsFor = (key: string): number => {
      pauses.lengthen(key)
      for (let seconds = 0; ; seconds++)
        if (pauses.isOver(key)) return seconds
        else now += 1_000
    }
    expect([failsFor('a'), failsFor('a'), failsFor('a')]).to.deep.equal([2, 4, 8])
    now += HOUR_MS / 2
    expect([failsFor('b'), failsFor('a')]).to.deep.equal([2, 16])
    now += 2 * HOUR_MS
    expect([failsFor('c'), failsFor('a'), failsFor('b')]).to.deep.equal([2, 2, 2])
  })
})

for (const kind of DATABASES) {
  describe(`worker: draws (${kind})`, function () {
    this.timeout(120_000)
    const open = useDatabases(kind)
    let db: Database
    beforeEach(async () => {
      db = await open()
    })
    afterEach(async () => {
      await db.destroy()
    })

    it('are read newest first, and no further than they are asked for', async () => {
      const events = new EventStore(db)
      const blocks = [3, 70, 71, 5_000, 5_063, 900_000]
      await events.apply(batchOf(blocks.flatMap((block) => [drawAt(block, 1), drawAt(block, 2)])))
      const all: (readonly [number, number])[] = []
      for await (const { at } of events.draws()) all.push([at.block, at.logIndex])
      expect(all).to.deep.equal([...blocks].reverse().flatMap((block) => [[block, 2] as const, [block, 1] as const]))
      const draws = events.draws()
      expect((await draws.next()).value).to.deep.equal(drawAt(900_000, 2))
      // What was not read yet is not in memory either.
      await db.deleteFrom('events').where('block', '<', 5_063).execute()
      const rest: number[] = []
      for await (const { at } of draws) rest.push(at.block)
      expect(rest).to.deep.equal([900_000, 5_063, 5_063])
    })

    it('of committees only those of the workloads that are asked for are read', async () => {
      const events = new EventStore(db)
      const [one, two, three] = [1, 2, 3].map((block) => committeeAt(block))
      await events.apply(batchOf([drawAt(1, 9), one!, two!, three!]))
      const asked = [two!.args.workload, three!.args.workload]
      expect((await events.committeesOf(asked)).map(({ args }) => args.workload)).to.have.members(asked)
      expect(await events.committeesOf([])).to.deep.equal([])
    })
  })
}

function committeeAt(block: number): CommitteeEvent<'CommitteeDrawn'> {
  const { at, args } = drawAt(block, 1)
  const drawn = { attempt: 0, seats: [7], proofs: at.transaction, revealed: 1, until: 2_000_000_000 }
  return { contract: 'committee', name: 'CommitteeDrawn', args: { workload: args.workload, ...drawn }, at }
}

function drawAt(block: number, logIndex: number): MarketEvent<'Assigned'> {
  const workload = `0x${block.toString(16).padStart(64, '0')}` as WorkloadId
  const operator = toAddress(`0x${'12'.repeat(20)}`)
  const hash = `0x${'ab'.repeat(32)}` as never
  const candidates = [{ seat: 7, operator, draw: 'Drawn', slot: 0 }] as const
  const args = { workload, caller: operator, candidates }
  return { contract: 'market', name: 'Assigned', args, at: { block, blockHash: hash, transaction: hash, logIndex } }
}

function batchOf(events: readonly GevulotEvent[]): EventBatch {
  const to = { number: events.at(-1)!.at.block, hash: 'none' }
  return { kind: 'events', from: 0, to, time: 0, events, cursor: { start: 0, next: to.number + 1, checkpoints: [] } }
}
