import { EventEmitter, once } from 'node:events'

import { expect } from 'chai'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock, type Clock } from '../../sdk/src/clock.js'
import { digestOf } from '../../sdk/src/content/index.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import type { ChainFacts } from '../../sdk/src/worker/coordinate/ChainFacts.js'
import type { Dossier } from '../../sdk/src/worker/coordinate/Dossier.js'
import { Workshop } from '../../sdk/src/worker/coordinate/Workshop.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import type { TxSigner } from '../../sdk/src/worker/publish/TxSigner.js'
import { JobStore } from '../../sdk/src/worker/store/JobStore.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { RunHistory } from '../../sdk/src/worker/store/RunHistory.js'
import { flaky } from '../support/flaky.js'
import { HeldExecutor } from '../support/HeldExecutor.js'

const PROGRAM = `0x${'11'.repeat(32)}` as ProgramId
const [A, B, C] = ['0a', '0b', '0c'].map((byte) => `0x${byte.repeat(32)}` as WorkloadId) as [
  WorkloadId,
  WorkloadId,
  WorkloadId,
]
const START = 10_000
const silent = jsonLogger({ level: 'error', write: console.log, now: () => Date.now() })
const RUN = 100
const DEADLINE = START + RUN

function dossier(workload: WorkloadId): Dossier {
  const spec = { program: PROGRAM, inputs: 'inputs', publicInputs: '0x' }
  return { workload, spec, terms: { maxRunTime: RUN }, inputsUri: '', events: [], seats: [] } as unknown as Dossier
}

describe('worker: work under way', () => {
  let passed: number
  let db: Database
  let history: RunHistory
  let executor: HeldExecutor
  let jobs: JobStore
  let workshop: Workshop
  let make: (store: JobStore) => Workshop
  /** Seconds of each pause that was made. */
  let pauses: number[]
  /** Tells which work has ended. */
  const over = new EventEmitter()

  beforeEach(async () => {
    passed = 0
    pauses = []
    const clock: Clock = {
      ...{ now: () => systemClock.now(), elapsed: () => passed * 1000 },
      sleep: (milliseconds) => {
        pauses.push(milliseconds / 1000)
        return Promise.resolve()
      },
    }
    db = await openDatabase()
    history = new RunHistory(db, clock)
    executor = new HeldExecutor()
    const time = new ChainTime(clock)
    time.see(1, START)
    jobs = new JobStore(db, clock)
    make = (store) =>
      new Workshop({
        ...{ executor, history, time, clock, jobs: store, log: silent },
        chain: { program: () => Promise.resolve({ program: {}, uris: [] }) } as unknown as ChainFacts,
        signer: { operator: `0x${'22'.repeat(20)}` } as unknown as TxSigner,
        safetyOf: () => 10,
        onChange: ({ workload }) => over.emit(workload),
      })
    workshop = make(jobs)
  })
  afterEach(async () => {
    workshop.stopAll()
    await workshop.close()
    await db.destroy()
  })

  /** Stops work, and waits until it has ended. */
  async function stop(workload: WorkloadId): Promise<void> {
    workshop.stop(workload)
    await workshop.close()
  }

  it('a run that is stopped after its last second tells how long runs take here', async () => {
    await workshop.start(dossier(A), DEADLINE, false)
    passed = 20
    await executor.run(A)
    // Ten seconds are kept from the deadline.
    passed = 91
    await stop(A)
    expect((await history.runTimes(PROGRAM, RUN))?.longest).to.be.closeTo(1.1 * 71, 0.001)
    expect(await history.runTimes(PROGRAM, RUN - 1)).to.be.undefined
  })

  it('work for open slots gives way one after the other, and only where there is no room', async () => {
    await workshop.start(dossier(A), DEADLINE, true)
    await workshop.start(dossier(B), DEADLINE, true)
    await workshop.start(dossier(C), DEADLINE, false)
    for (const workload of [A, B, C]) await executor.has(workload)
    await executor.run(A)
    passed = 5
    const inTheWay = () => [A, B, C].filter((workload) => workshop.standingOf(dossier(workload), true).isInTheWay)
    expect(inTheWay()).to.be.empty
    executor.isBusy = true
    expect(inTheWay()).to.deep.equal([B])
    expect(workshop.standingOf(dossier(C), false)).to.deep.equal({ waitSeconds: 0, isWaiting: true })
    const ended = once(over, B)
    workshop.stop(B)
    // It has not ended yet.
    expect(inTheWay()).to.be.empty
    await ended
    expect(inTheWay()).to.deep.equal([A])
    workshop.stop(A)
    workshop.stop(C)
  })

  it('what was proved is not given up because statements fail, but work that never ends well is', async () => {
    executor.made = { path: '', digest: digestOf('a proof'), proof: new Uint8Array(), publicInputs: new Uint8Array() }
    const attempt = async (one: Workshop) => {
      const ended = once(over, A)
      await one.start(dossier(A), DEADLINE, false)
      await ended
      return (await jobs.find({ workload: A, seat: 1 }))?.state
    }
    await jobs.add({ workload: A, seat: 1 }, false)
    // Reading the jobs fails once, and writing a state.
    const unlucky = make(flaky(jobs))
    expect(await attempt(unlucky)).to.equal('assigned')
    expect(await attempt(unlucky)).to.equal('assigned')
    expect(await attempt(unlucky)).to.equal('proved')
    expect(pauses).to.deep.equal([2, 4])

    await jobs.add({ workload: A, seat: 2 }, false)
    let reads = 0
    const late = { ofWorkload: () => (++reads <= 3 ? Promise.reject(new Error('no answer')) : jobs.ofWorkload(A)) }
    const hopeless = make({ ...late, transition: jobs.transition.bind(jobs) } as unknown as JobStore)
    for (let times = 0; times < 3; times++) await attempt(hopeless)
    expect((await jobs.find({ workload: A, seat: 2 }))?.state).to.equal('declined')
  })

  it('one that is stopped before tells nothing', async () => {
    await workshop.start(dossier(A), DEADLINE, false)
    await executor.run(A)
    passed = 90
    await stop(A)
    expect(await history.runTimes(PROGRAM, RUN)).to.be.undefined
  })

  it('what never began to run tells nothing', async () => {
    await workshop.start(dossier(A), DEADLINE, false)
    await executor.has(A)
    passed = 91
    await stop(A)
    expect(await history.runTimes(PROGRAM, RUN)).to.be.undefined
  })
})
