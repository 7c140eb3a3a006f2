import { expect } from 'chai'

import type { ProgramId } from '../../sdk/src/chain/index.js'
import { expectProved } from '../support/network/expectSound.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import { faultSeed, IS_FULL, Seeded } from '../support/seed.js'

const DEEPEST = 20
const STAGES = ['Assigned', 'Committed', 'Revealed', 'Finished'] as const
type Stage = (typeof STAGES)[number] | 'Submitted'

/** A reorg once `when` is on the chain and the worker has done with it: it undoes `back`, and at least `least` blocks. */
interface Reorg {
  readonly when: Stage
  readonly back: Stage
  readonly least: number
  /** Whether the prover is a keeper too, or somebody else is. */
  readonly isKeeper: boolean
}

// Whatever is undone, and whoever brings it about again: the worker shows its proofs once more, and nobody is slashed who would have answered.
describe('faults: a reorg', function () {
  this.timeout(900_000)
  const random = new Seeded(faultSeed())
  const cases: readonly Reorg[] = [true, false].flatMap((isKeeper) => [
    ...STAGES.map((when): Reorg => ({ when, back: when, least: random.integer(1, DEEPEST), isKeeper })),
    // By then every job is closed.
    ...(['Submitted', 'Assigned', 'Committed', 'Revealed'] as const).map((back): Reorg => ({
      when: 'Finished',
      back,
      least: 1,
      isKeeper,
    })),
  ])
  const tried = IS_FULL ? cases : [random.pick(cases)]
  let network: TestNetwork
  let alice: Operator
  let program: ProgramId

  showWorkers(() => network.workers)
  before(() => {
    if (!IS_FULL) console.log(`      SKIP all but one of ${cases.length}: npm run test:faults`)
    console.log(`      seed ${random.seed}`)
  })
  beforeEach(async () => {
    network = await TestNetwork.start(ROOMY)
    program = await network.deployGuest('hashcash', ['8'])
    alice = await network.addOperator('alice', 2)
  })
  afterEach(async function () {
    await network.stop()
    if (this.currentTest?.state === 'failed')
      console.log(`      To repeat: npm run test:faults -- --seed ${random.seed} reorg`)
  })

  for (const { when, back, least, isKeeper } of random.shuffle(tried)) {
    const keeper = isKeeper ? 'its own' : "another's"
    it(`of ${least} blocks or more that undoes ${back}, after ${when}, with ${keeper} keeper`, async () => {
      const { chain } = network
      const worker = await network.startWorker(alice, { keeper: isKeeper })
      await worker.line(({ message }) => message === 'worker started')
      if (!isKeeper) {
        const other = await network.startWorker(await network.addOperator('bob', 0))
        await other.line(({ message }) => message === 'worker started')
      }
      // The deepest reorg must not reach what was there before the workload.
      await chain.provider.send('anvil_mine', [`0x${(DEEPEST + 1).toString(16)}`, '0x1'])
      await chain.mineEvery(1)
      const workload = await network.submit(program, { redundancy: 2, maxRunTime: 600 })
      const submitted = await network.until(workload, 'Submitted')
      const released = network.requester.releaseWhenServed({ workload }).catch(() => undefined)
      await network.until(workload, when)
      if (when === 'Finished') {
        for (const seat of alice.seats)
          await worker.line((line) => line.message === 'job closed' && line['seat'] === seat)
      }
      const { at } = await network.until(workload, back)
      const known = worker.lines.length
      // Nobody would sign again what a reorg took from the requester: all that it sent has to be in a block at this look.
      await chain.hold()
      const sent = await chain.sentBy(network.requester.account!, submitted.at.block)
      const depth = await chain.undo(at.block, least)
      console.log(`      ${depth} blocks deep`)
      for (const bytes of sent) await chain.provider.send('eth_sendRawTransaction', [bytes]).catch(() => undefined)
      await chain.mineEvery(1)
      await worker.line((line) => line.message === 'a reorg undid blocks' && worker.lines.indexOf(line) >= known)
      await released
      await network.until(workload, 'Submitted')
      // The release itself may be among those that are gone.
      await network.requester.releaseWhenServed({ workload }).catch(() => undefined)
      await expectProved(network, alice, workload)
      expect(await worker.stop()).to.equal(0)
    })
  }
})
