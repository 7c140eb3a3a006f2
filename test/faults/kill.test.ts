import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'

import { readSlot, type ProgramId, type WorkloadEvent, type WorkloadId } from '../../sdk/src/chain/index.js'
import { readWorkload } from '../../sdk/src/client/readWorkload.js'
import type { Act } from '../../sdk/src/worker/job/Act.js'
import { JOB_STATES, type JobState } from '../../sdk/src/worker/job/transitions.js'
import { expectEnded } from '../support/network/expectSound.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import { WorkerProcess, type LogLine } from '../support/network/WorkerProcess.js'
import { IS_FULL, partOf } from '../support/seed.js'

const KILLED = 'test/support/provers/killed.ts'

/** Ways that the work of a seat can go. */
type Life =
  | 'committed'
  | 'delivered'
  | 'submitted'
  | 'accepted'
  | 'asked'
  | 'failed'
  | 'cleared'
  | 'declined'
  | 'undone'
  | 'spoilt'
/** A line of the log: message, and stage where it matters. It is written after a state was, and before anything is done about it. */
type Place = readonly [message: string, stage?: string]

/** A way that leads through each state. */
const STATES: Readonly<Record<JobState, Life>> = {
  assigned: 'committed',
  fetching: 'committed',
  running: 'committed',
  proved: 'committed',
  committed: 'committed',
  revealed: 'committed',
  settled: 'committed',
  declined: 'declined',
  failed: 'failed',
  lost: 'undone',
  expired: 'spoilt',
}

const sent = (stage: string): Place[] => ['signed', 'sent', 'mined'].map((word) => [`transaction ${word}`, stage])

/** A way on which each act is done, and what it writes to the log. What only waits, writes a state, or goes well beside other work has no line of its own. */
const ACTS: Readonly<Record<Act['do'], readonly [Life, ...Place[]] | 'no line'>> = {
  wait: 'no line',
  become: 'no line',
  work: 'no line',
  ask: ['asked', ['work waits for approval']],
  accept: ['accepted', ...sent('accept')],
  decline: ['declined', ...sent('decline')],
  fail: ['failed', ...sent('fail')],
  commit: ['committed', ...sent('commit')],
  submit: ['submitted', ['job committed'], ...sent('submit')],
  deliver: ['delivered', ['the sealed proof is delivered']],
  reveal: ['committed', ...sent('reveal')],
  place: 'no line',
  clear: ['cleared', ...sent('clear')],
  close: ['committed', ['job closed']],
}

/** What a keeper sends once all is shown. */
const KEEPER: readonly [Life, Place] = ['committed', ['transaction signed', 'settle']]

const KILLS: readonly (readonly [Life, Place])[] = [
  ...JOB_STATES.map((state): [Life, Place] => [STATES[state], [`job ${state}`]]),
  ...Object.values(ACTS).flatMap((entry) => {
    if (entry === 'no line') return []
    const [life, ...places] = entry
    return places.map((place): [Life, Place] => [life, place])
  }),
  KEEPER,
]
/** Seconds; more than a restart takes on a machine that has much else to do. */
const RUN_TIME = 600
/** In `npm test`; the others need a full run. */
const QUICK: readonly Life[] = ['committed', 'delivered', 'submitted']

// However the process dies: after a restart the workload ends, no seat has committed twice, and what could be proved is paid.
describe('faults: the worker is killed', function () {
  this.timeout(900_000)
  let network: TestNetwork
  let program: ProgramId
  let slow: ProgramId
  let failing: ProgramId
  let alice: Operator

  showWorkers(() => network.workers)
  before(async () => {
    if (!IS_FULL) console.log(`      SKIP all ways but ${QUICK.join(' and ')}: npm run test:faults`)
    network = await TestNetwork.start(ROOMY)
    program = await network.deployGuest('hashcash')
    slow = await network.deployGuest('hashcash', ['400'])
    failing = await network.deployGuest('guest', ['exit'])
    alice = await network.addOperator('alice', 2)
    await network.chain.mineEvery(1)
  })
  // One that has not died holds the account.
  afterEach(async () => {
    for (const worker of network.workers.splice(0)) await worker.kill()
  })
  after(async () => {
    await network.stop()
  })

  it('every state has a way that leads through it', () => {
    expect(Object.keys(STATES)).to.have.members([...JOB_STATES])
  })

  /** Starts the worker that dies at a place. */
  async function dying(place: Place, changes: Readonly<Record<string, unknown>> = {}): Promise<WorkerProcess> {
    const worker = WorkerProcess.start(await network.configure(alice, changes), KILLED, [...place] as string[])
    network.workers.push(worker)
    return worker
  }

  /** Starts it again, and lets it bring a workload to its end: after an event, nothing is to come but the end of all windows. */
  async function endedAfter(
    workload: WorkloadId,
    last?: 'Failed' | 'Declined' | 'CommitsClosed',
    changes: Readonly<Record<string, unknown>> = {},
  ): Promise<WorkloadEvent[]> {
    const again = await network.startWorker(alice, changes)
    await again.line(({ message }) => message === 'worker started', 240)
    if (last !== undefined) {
      await network.until(workload, last, 240)
      await network.chain.provider.send('evm_increaseTime', [RUN_TIME + 1])
    }
    await expectEnded(network, alice, workload)
    expect(await again.stop(), again.tail()).to.equal(0)
    return network.eventsOf(workload)
  }

  /** What each seat did, by name. */
  function bySeat(events: readonly WorkloadEvent[]): string[][] {
    return alice.seats.map((seat) =>
      events.filter(({ args }) => 'seat' in args && args.seat === seat).map(({ name }) => name),
    )
  }

  function expectShown(events: readonly WorkloadEvent[]): void {
    for (const own of bySeat(events)) {
      for (const act of ['Committed', 'Revealed']) expect(own.filter((name) => name === act)).to.have.length(1)
      expect(own).to.not.include('Missed')
    }
    const ranks = events.flatMap((event) => (event.name === 'SlotSettled' ? [event.args.rank] : []))
    expect(ranks.sort()).to.deep.equal([1, 2])
  }

  /** A restart may take longer than the response window; then only the requester closes commits before the deadline. */
  function release(workload: WorkloadId): void {
    void network.requester.releaseWhenServed({ workload }).catch(() => undefined)
  }

  /** Both seats commit, and reveal. */
  async function committed(place: Place): Promise<void> {
    const killed = await dying(place)
    const workload = await network.submit(program, { redundancy: 2, maxRunTime: RUN_TIME })
    // The last places come after the end of commits.
    release(workload)
    expect(await killed.exited()).to.equal('SIGKILL')
    expectShown(await endedAfter(workload))
  }

  /** A slot that nobody takes keeps commits open, so that there is time to deliver before the reveal; then the requester closes them. */
  async function delivered(place: Place): Promise<void> {
    const killed = await dying(place)
    const workload = await network.submit(program, { redundancy: 3, maxRunTime: RUN_TIME })
    expect(await killed.exited()).to.equal('SIGKILL')
    const closed = (async () => {
      for (const end = Date.now() + 240_000; Date.now() < end; await sleep(200)) {
        const names = (await network.eventsOf(workload)).map(({ name }) => name)
        if (names.filter((name) => name === 'Committed').length === alice.seats.length) break
      }
      await network.requester.release({ workload })
    })()
    const [events] = await Promise.all([endedAfter(workload), closed])
    expectShown(events)
  }

  /** A proof goes out in one transaction. */
  async function submitted(place: Place): Promise<void> {
    const killed = await dying(place)
    const workload = await network.submit(program, { maxRunTime: RUN_TIME })
    expect(await killed.exited()).to.equal('SIGKILL')
    release(workload)
    const events = await endedAfter(workload)
    expect(events.filter(({ name }) => name === 'Revealed')).to.have.length(1)
    expect(events.find((event) => event.name === 'SlotSettled')?.args).to.include({ rank: 1 })
  }

  /** The program takes so long that the seats have to say that they are at it. */
  async function accepted(place: Place): Promise<void> {
    const killed = await dying(place)
    const workload = await network.submit(slow, { redundancy: 2, maxRunTime: RUN_TIME })
    expect(await killed.exited()).to.equal('SIGKILL')
    release(workload)
    const events = await endedAfter(workload)
    expectShown(events)
    for (const own of bySeat(events)) expect(own.filter((name) => name === 'Accepted').length).to.be.at.most(1)
  }

  /** Work ends with an answer, which is given once. */
  async function answered(name: 'Failed' | 'Declined', place: Place, changes = {}): Promise<void> {
    const killed = await dying(place, changes)
    const workload = await network.submit(failing, { maxRunTime: RUN_TIME })
    expect(await killed.exited()).to.equal('SIGKILL')
    const events = await endedAfter(workload, name, changes)
    expect(events.filter((event) => event.name === name)).to.have.length(1)
  }

  /** Somebody else settles and leaves out the seat that failed: it is freed from the workload. */
  async function cleared(place: Place): Promise<void> {
    const changes = { keeperDuties: ['assign'] }
    const killed = await dying(place, changes)
    const workload = await network.submit(failing, { maxRunTime: RUN_TIME })
    const { args } = await network.until(workload, 'Failed', 240)
    await network.chain.provider.send('evm_increaseTime', [RUN_TIME + 1])
    await network.chain.mine()
    const { spec } = (await readWorkload(network.contracts, workload)).workload
    await (await network.contracts.market.settle(spec, [])).wait()
    expect(await killed.exited()).to.equal('SIGKILL')
    const again = await network.startWorker(alice, changes)
    await again.line(({ message }) => message === 'worker started', 240)
    await expectEnded(network, alice, workload)
    for (const end = Date.now() + 240_000; ; await sleep(200)) {
      if ((await readSlot(network.contracts, workload, args.seat)).state === 'Free') break
      if (Date.now() > end) throw new Error(`the seat is not freed\n${again.tail()}`)
    }
    expect(await again.stop(), again.tail()).to.equal(0)
  }

  /** A reorg takes the submission away, and later it comes back. */
  async function undone(place: Place): Promise<void> {
    const { provider } = network.chain
    const killed = await dying(place)
    const workload = await network.submit(slow, { redundancy: 2, maxRunTime: RUN_TIME })
    const { at } = await network.until(workload, 'Submitted')
    await killed.line(({ message }) => message === 'job running', 240)
    const submission = (await provider.send('eth_getRawTransactionByHash', [at.transaction])) as string
    await provider.send('anvil_reorg', [(await provider.getBlockNumber()) - at.block + 1, []])
    expect(await killed.exited()).to.equal('SIGKILL')
    await provider.send('eth_sendRawTransaction', [submission])
    await network.until(workload, 'Submitted')
    release(workload)
    expectShown(await endedAfter(workload))
  }

  /** The proofs are lost between commit and reveal: the seats miss, and commit to no other. */
  async function spoilt(place: Place): Promise<void> {
    const killed = await dying(place)
    // With a slot that nobody takes commits stay open, and what is lost is lost before the reveal.
    const workload = await network.submit(program, { redundancy: 3, maxRunTime: RUN_TIME })
    for (const seat of alice.seats) {
      const isMined = (line: LogLine): boolean =>
        line.message === 'transaction mined' && line.stage === 'commit' && line['seat'] === seat
      await killed.line(isMined, 240)
    }
    const proofs = join(alice.directory, 'data', 'proofs')
    for (const name of await readdir(proofs)) await rm(join(proofs, name), { recursive: true, force: true })
    await network.requester.release({ workload })
    expect(await killed.exited()).to.equal('SIGKILL')
    for (const own of bySeat(await endedAfter(workload, 'CommitsClosed'))) {
      expect(own.filter((name) => name === 'Committed')).to.have.length(1)
      expect(own).to.not.include('Revealed')
    }
  }

  const LIVES: Readonly<Record<Life, (place: Place) => Promise<void>>> = {
    committed,
    delivered,
    submitted,
    accepted,
    failed: (place) => answered('Failed', place),
    cleared,
    declined: (place) => answered('Declined', place, { denyPrograms: [failing] }),
    // Nobody says anything, and then it is declined.
    asked: (place) => answered('Declined', place, { mode: 'approve' }),
    undone,
    spoilt,
  }
  for (const [life, place] of partOf(KILLS)) {
    if (!IS_FULL && !QUICK.includes(life)) continue
    it(`at "${place.join(' ')}", when it is ${life}`, () => LIVES[life](place))
  }
})
