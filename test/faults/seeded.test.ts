import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'

import type { ProgramId } from '../../sdk/src/chain/index.js'
import { expectProved } from '../support/network/expectSound.js'
import { FaultyRpc, RPC_FAULTS } from '../support/network/FaultyRpc.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import { faultSeed, IS_FULL, Seeded } from '../support/seed.js'

describe('faults: chosen by a seed', function () {
  this.timeout(600_000)
  const random = new Seeded(faultSeed())
  let network: TestNetwork
  let alice: Operator
  let program: ProgramId

  showWorkers(() => network.workers)
  before(async function () {
    if (!IS_FULL) {
      console.log('      SKIP the seeded faults take minutes: npm run test:faults')
      this.skip()
    }
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
      console.log(`      To repeat: npm run test:faults -- --seed ${random.seed}`)
  })

  const faults = random.shuffle(RPC_FAULTS.filter((fault) => fault !== 'none'))
  const seconds = faults.map(() => random.integer(1, 6))
  it(`an endpoint that ${faults.map((fault, index) => `${fault} (${seconds[index]} s)`).join(', ')}`, async () => {
    const rpc = await FaultyRpc.start(network.chain.url)
    try {
      const worker = await network.startWorker(alice, { rpcUrl: rpc.url, rpcTimeoutMs: 1_000 })
      await worker.line(({ message }) => message === 'worker started')
      await network.chain.mineEvery(1)
      const workload = await network.submit(program, { redundancy: 2, maxRunTime: 600 })
      const released = network.requester.releaseWhenServed({ workload }).catch(() => undefined)
      for (const [index, fault] of faults.entries()) {
        rpc.fault = fault
        const before = rpc.spoiled
        // The worker may be pausing after the fault before this one.
        for (let waited = 0; rpc.spoiled === before && waited < 60; waited++) await sleep(1_000)
        expect(rpc.spoiled, `${fault} met no request`).to.be.greaterThan(before)
        await sleep(seconds[index]! * 1_000)
        rpc.fault = 'none'
        await sleep(1_000)
      }
      await released
      await network.until(workload, 'Finished', 240)
      await expectProved(network, alice, workload)
      expect(await worker.stop()).to.equal(0)
    } finally {
      await rpc.stop()
    }
  })
})
