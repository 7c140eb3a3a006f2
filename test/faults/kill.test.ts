import { expect } from 'chai'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { expectEnded } from '../support/network/expectSound.js'
import { TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import { WorkerProcess } from '../support/network/WorkerProcess.js'
import { IS_FULL } from '../support/seed.js'

const KILLED = 'test/support/provers/killed.ts'

/** Every place in the life of two committed slots where the process can die. Message, and stage where it matters. */
const COMMITTED: readonly (readonly string[])[] = [
  ['job fetching'],
  ['job running'],
  ['job proved'],
  ['job committed'],
  ['transaction signed', 'commit'],
  ['transaction sent', 'commit'],
  ['transaction mined', 'commit'],
  ['the sealed proof is delivered'],
  ['job revealed'],
  ['transaction signed', 'reveal'],
  ['transaction sent', 'reveal'],
  ['transaction mined', 'reveal'],
  ['transaction signed', 'settle'],
  ['job closed'],
]

/** The same for a proof that goes out in one transaction. */
const SUBMITTED: readonly (readonly string[])[] = [
  ['job committed'],
  ['transaction signed', 'submit'],
  ['transaction sent', 'submit'],
  ['transaction mined', 'submit'],
]

/** The same for work that ends with an answer: what the worker is told, and the answer. */
const ANSWERED = [
  { answer: 'Failed', stage: 'fail', state: 'failed' },
  { answer: 'Declined', stage: 'decline', state: 'declined' },
] as const

// However the process dies: after a restart the workload is proved, each seat committed exactly once, and is paid.
describe('faults: the worker is killed', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let program: ProgramId
  let failing: ProgramId
  let alice: Operator

  before(async () => {
    network = await TestNetwork.start()
    program = await network.deployGuest('hashcash')
    failing = await network.deployGuest('guest', ['exit'])
    alice = await network.addOperator('alice', 2)
    await network.chain.mineEvery(1)
  })
  after(async () => {
    await network.stop()
  })

  async function killedAt(place: readonly string[], redundancy: number): Promise<WorkloadId> {
    const killed = WorkerProcess.start(await network.configure(alice), KILLED, place)
    network.workers.push(killed)
    const workload = await network.submit(program, { redundancy })
    expect(await killed.exited()).to.equal('SIGKILL')
    const restarted = await network.startWorker(alice)
    // A restart may take longer than the response window; then only the requester closes commits before the deadline.
    await network.requester.releaseWhenServed({ workload })
    await network.until(workload, 'Finished')
    await restarted.line((line) => line.message === 'worker started')
    expect(await restarted.stop()).to.equal(0)
    return workload
  }

  for (const place of COMMITTED) {
    it(`at "${place.join(' ')}", with commit and reveal`, async () => {
      const events = await network.eventsOf(await killedAt(place, 2))
      for (const seat of alice.seats) {
        const own = events
          .filter((event) => 'seat' in event.args && event.args.seat === seat)
          .map((event) => event.name)
        expect(own.filter((name) => name === 'Committed')).to.have.length(1)
        expect(own.filter((name) => name === 'Revealed')).to.have.length(1)
        expect(own).to.not.include('Missed')
      }
      const ranks = events.flatMap((event) => (event.name === 'SlotSettled' ? [event.args.rank] : []))
      expect(ranks.sort()).to.deep.equal([1, 2])
    })
  }

  for (const place of SUBMITTED) {
    it(`at "${place.join(' ')}", with one transaction`, async () => {
      const events = await network.eventsOf(await killedAt(place, 1))
      expect(events.filter((event) => event.name === 'Revealed')).to.have.length(1)
      const settled = events.find((event) => event.name === 'SlotSettled')
      expect(settled?.args).to.include({ rank: 1 })
    })
  }

  describe('when it answers', () => {
    before(function () {
      if (IS_FULL) return
      console.log('      SKIP killed at an answer: npm run test:faults')
      this.skip()
    })

    for (const { answer, stage, state } of ANSWERED) {
      const places = [[`job ${state}`], ...['signed', 'sent', 'mined'].map((word) => [`transaction ${word}`, stage])]
      for (const place of places) {
        it(`at "${place.join(' ')}", and answers once`, async () => {
          const changes = { denyPrograms: answer === 'Declined' ? [failing] : [] }
          const killed = WorkerProcess.start(await network.configure(alice, changes), KILLED, place)
          network.workers.push(killed)
          const workload = await network.submit(failing, { maxRunTime: 20 })
          expect(await killed.exited()).to.equal('SIGKILL')
          const restarted = await network.startWorker(alice, changes)
          await expectEnded(network, alice, workload)
          const answers = (await network.eventsOf(workload)).filter(({ name }) => name === answer)
          expect(answers).to.have.length(1)
          expect(await restarted.stop()).to.equal(0)
        })
      }
    }
  })
})
