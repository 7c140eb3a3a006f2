import { randomBytes } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'
import { sql, type Kysely } from 'kysely'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { digestOf } from '../../sdk/src/content/index.js'
import { migrationsMade } from '../../sdk/src/database/migrate.js'
import { openEmbedded } from '../../sdk/src/database/openEmbedded.js'
import { openServer } from '../../sdk/src/database/openServer.js'
import { CommitmentJournal } from '../../sdk/src/worker/store/CommitmentJournal.js'
import { JobStore } from '../../sdk/src/worker/store/JobStore.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { DATABASES, usePostgres } from '../support/databases.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import { WorkerProcess } from '../support/network/WorkerProcess.js'
import { age, columnsOf, migrationsUpTo, putRows, rowsOf, STATE_VERSIONS } from '../support/olderState.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const WORKLOAD = `0x${'ab'.repeat(32)}` as WorkloadId
const KEY = { workload: WORKLOAD, seat: 7 }
const PROOF = digestOf('a proof')
const SALT = `0x${'5a'.repeat(32)}`

/** Values for every column of the tables that there are, as builds wrote them; an older one had fewer. */
const LEFT: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  cursor: { id: 1, cursor: '{"next":12,"recent":[]}' },
  events: {
    ...{ block: 11, log_index: 2, contract: 'market', name: 'Accepted', workload: WORKLOAD, seat: 7 },
    event: `{"contract":"market","name":"Accepted","args":{"workload":"${WORKLOAD}","seat":7},"block":{"number":11}}`,
  },
  jobs: {
    ...{ workload: WORKLOAD, seat: 7, open: false, state: 'committed', fail_reason: null, why: null },
    ...{ proof_digest: PROOF, proof_path: '/proof', delivered: true, rank: null, paid: null, closed: false },
    ...{ created_at: 1_000.5, updated_at: 2_000.5 },
  },
  job_history: {
    ...{ id: 41, workload: WORKLOAD, seat: 7, from_state: 'proved', to_state: 'committed', why: null, at: 2_000.5 },
  },
  commitments: { workload: WORKLOAD, seat: 7, proof_digest: PROOF, salt: SALT, proof_path: '/proof', at: 2_000.5 },
  transactions: {
    ...{ id: 9, key: `commit/${WORKLOAD}/7`, nonce: 3, target: '0x01', data: '0x02', gas_limit: '100000' },
    ...{ deadline: 99.5, state: 'sent', at: 2_000.5 },
  },
  transaction_versions: {
    ...{
      hash: '0xfeed',
      transaction_id: 9,
      raw: '0x02f8',
      max_fee: '9',
      priority_fee: '1',
      cancels: false,
      at: 2_000.5,
    },
  },
  runs: { id: 5, program: '0x77', max_run_time: 60, seconds: 12.5, outcome: 'ok', at: 1_500.5 },
  actions: {
    ...{ id: 2, key: 'accept', nonce: '18446744073709551616', target: '0x01', data: '0x02', deadline: null, block: 11 },
    ...{ state: 'signed', at: 2_000.5 },
  },
  recorded_rewards: { workload: WORKLOAD, at: 2_000.5 },
  proof_verdicts: { workload: WORKLOAD, program: '0x77', valid: false, unexplained: null, at: 2_000.5 },
  proofs: { workload: WORKLOAD, proof: Buffer.from('a proof'), public_inputs: Buffer.from('inputs') },
  decisions: { workload: WORKLOAD, decision: 'approve', at: 2_000.5 },
  solutions: { seat: 7, seed: SALT, solution: '0x5017', at: 2_000.5 },
  verdicts: {
    ...{ committee: `0x${'c0'.repeat(20)}`, workload: WORKLOAD, attempt: 1, proofs: SALT, valid: '5', said: null },
  },
}

for (const kind of DATABASES) {
  describe(`worker: upgrade of its state (${kind})`, function () {
    this.timeout(120_000)
    const server = kind === 'Postgres server' ? usePostgres() : undefined
    const directory = useTemporaryDirectory()

    for (const version of STATE_VERSIONS) {
      it(`carries what ${version} left`, async () => {
        const name = `worker_${randomBytes(6).toString('hex')}`
        const path = join(directory(), name)
        const schema = server === undefined ? 'public' : name
        const old: Kysely<unknown> =
          server === undefined
            ? await openEmbedded(path, migrationsUpTo(version))
            : await openServer({ url: server().url, schema }, migrationsUpTo(version))
        const tables = await columnsOf(old, schema)
        for (const [table, columns] of tables) {
          const row = LEFT[table] ?? {}
          const names = Object.keys(row).filter((name) => version === STATE_VERSIONS.at(-1) || columns.includes(name))
          expect(names.sort(), `${table} as it was`).to.deep.equal([...columns].sort())
          await putRows(old, table, columns, [row])
        }
        await old.destroy()

        const db: Database = await openDatabase(server === undefined ? path : { url: server().url, schema })
        try {
          expect(await migrationsMade(db, schema)).to.deep.equal(STATE_VERSIONS)
          for (const [table, columns] of tables) {
            const [row, ...more] = await rowsOf(db, table)
            expect(more, table).to.be.empty
            for (const column of columns) {
              const [have, want] = [row?.[column], LEFT[table]?.[column]]
              if (want instanceof Uint8Array) expect(Buffer.from(have as Uint8Array), column).to.deep.equal(want)
              else expect(have, `${table}.${column}`).to.deep.equal(want)
            }
          }
          // Of runs nobody had written down what their workloads gave them.
          const limit = tables.get('runs')?.includes('max_run_time') ? 60 : 13
          expect((await rowsOf(db, 'runs')).map((row) => row['max_run_time'])).to.deep.equal([limit])
          // This build reads it as its own, and goes on where the other one was.
          const jobs = new JobStore(db, systemClock)
          const [job] = await jobs.unfinished()
          expect(job).to.include({ ...KEY, state: 'committed', proofDigest: PROOF })
          await jobs.transition(job!, 'revealed', {})
          expect((await rowsOf(db, 'job_history')).map(({ id }) => id)).to.have.members([41, 42])
          const journal = new CommitmentJournal(db, join(path, 'commitments'), systemClock)
          expect((await journal.record(KEY, PROOF, '/proof')).salt, 'the same commitment').to.equal(SALT)
        } finally {
          await db.destroy()
        }
      })
    }
  })
}

// Processes on a real chain, killed as the older build, started as this one.
describe('worker: an upgrade in the middle of work', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let program: ProgramId
  let alice: Operator
  const database = (): string => join(alice.directory, 'data', 'database')

  before(async () => {
    network = await TestNetwork.start(ROOMY)
    program = await network.deployGuest('hashcash')
    alice = await network.addOperator('alice', 2)
    await network.chain.mineEvery(1)
  })
  after(async () => {
    await network.stop()
  })

  /** Both seats committed once and revealed, both paid. */
  async function expectPaidOnce(workload: WorkloadId): Promise<void> {
    await network.requester.releaseWhenServed({ workload })
    expect((await network.until(workload, 'Finished')).args.outcome).to.equal('Proven')
    const events = await network.eventsOf(workload)
    const seats = (name: string): number[] =>
      events.flatMap((event) => (event.name === name && 'seat' in event.args ? [event.args.seat] : [])).sort()
    for (const name of ['Committed', 'Revealed']) expect(seats(name), name).to.deep.equal(alice.seats)
    for (const name of ['Missed', 'Failed', 'Declined']) expect(seats(name), name).to.be.empty
  }
  async function killedAt(...place: readonly string[]): Promise<WorkloadId> {
    const worker = WorkerProcess.start(await network.configure(alice), 'test/support/provers/killed.ts', place)
    network.workers.push(worker)
    await worker.line(({ message }) => message === 'worker started')
    const workload = await network.submit(program, { redundancy: 2, maxRunTime: 180 })
    expect(await worker.exited(), worker.tail()).to.equal('SIGKILL')
    return workload
  }

  for (const [place, version] of [
    [['job running'], STATE_VERSIONS.at(0)!],
    [['transaction mined', 'commit'], STATE_VERSIONS.at(-2)!],
  ] as const) {
    it(`goes on with what ${version} left at: ${place.join(', ')}`, async () => {
      const workload = await killedAt(...place)
      await age(database(), version)
      const worker = await network.startWorker(alice)
      await expectPaidOnce(workload)
      expect(await worker.stop(), worker.tail()).to.equal(0)
    })
  }

  it('an older build refuses what a newer one left, says what to do, and takes over when that is moved away', async () => {
    const workload = await killedAt('transaction mined', 'commit')
    const newer = await openDatabase(database())
    await sql`alter table jobs add column note text not null default 'none'`.execute(newer)
    await sql`insert into kysely_migration values ('9000_next', ${new Date().toISOString()})`.execute(newer)
    const kept = await rowsOf(newer, 'jobs')
    await newer.destroy()

    const refused = await network.startWorker(alice)
    expect(await refused.exited(), refused.tail()).to.equal(1)
    expect(refused.tail()).to.contain('WORKER_STATE_NEWER').and.to.contain('9000_next')
    expect(refused.tail()).to.contain('Start that version, or a newer one')
    // A validator's state is of the same kind.
    const judge = await network.startValidator(alice, { dataDirectory: join(alice.directory, 'data') })
    expect(await judge.exited(), judge.tail()).to.equal(1)
    expect(judge.tail()).to.contain('WORKER_STATE_NEWER')
    const untouched = await openEmbedded<unknown>(database(), {
      getMigrations: async () => ({
        ...(await migrationsUpTo('9').getMigrations()),
        '9000_next': { up: async () => undefined },
      }),
    })
    expect(await rowsOf(untouched, 'jobs')).to.deep.equal(kept)
    await untouched.destroy()

    await rename(database(), `${database()}-newer`)
    const worker = await network.startWorker(alice)
    await expectPaidOnce(workload)
    expect(await worker.stop(), worker.tail()).to.equal(0)
  })
})
