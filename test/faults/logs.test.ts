import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'

import type { ProgramId } from '../../sdk/src/chain/index.js'
import { expectEnded, expectProved } from '../support/network/expectSound.js'
import { FaultyRpc } from '../support/network/FaultyRpc.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import { IS_FULL } from '../support/seed.js'

/** Events that an endpoint keeps back, and blocks for which it does after each has happened. */
const EVENTS = ['Submitted', 'Assigned', 'Committed', 'Revealed', 'Finished'] as const
const BLOCKS = 6

describe('faults: an endpoint that is wrong about logs', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let program: ProgramId
  let alice: Operator
  let rpc: FaultyRpc

  showWorkers(() => network.workers)
  before(async () => {
    network = await TestNetwork.start(ROOMY)
    program = await network.deployGuest('hashcash', ['8'])
    alice = await network.addOperator('alice', 2)
    await network.chain.mineEvery(1)
  })
  beforeEach(async () => {
    rpc = await FaultyRpc.start(network.chain.url)
  })
  afterEach(async () => {
    for (const worker of network.workers.splice(0)) await worker.kill()
    await rpc.stop()
  })
  after(async () => {
    await network.stop()
  })

  async function until(test: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 120_000; !(await test()); await sleep(100))
      if (Date.now() > end) throw new Error(`in vain\n${network.workers.at(-1)?.tail()}`)
  }

  for (const name of EVENTS) {
    it(`leaves out every ${name} until ${BLOCKS} blocks later: it is read again`, async function () {
      if (!IS_FULL && name !== 'Assigned') {
        console.log('      SKIP the other events: npm run test:faults')
        this.skip()
      }
      const { topicHash } = network.contracts.market.interface.getEvent(name)
      rpc.hides = ({ topics }) => topics[0] === topicHash
      const worker = await network.startWorker(alice, { rpcUrl: rpc.url })
      await worker.line(({ message }) => message === 'worker started')
      rpc.fault = 'leaves logs out'
      const workload = await network.submit(program, { redundancy: 2, maxRunTime: 600 })
      const released = network.requester.releaseWhenServed({ workload }).catch(() => undefined)
      const { at } = await network.until(workload, name)
      await until(async () => (await network.chain.provider.getBlockNumber()) >= at.block + BLOCKS && rpc.hidden > 0)
      rpc.fault = 'none'
      await worker.line(({ message }) => message.startsWith('the endpoint had left events out'))
      await released
      await expectProved(network, alice, workload)
      expect(await worker.stop(), worker.tail()).to.equal(0)
    })
  }

  it('never tells of a draw: the chain shows that the seat is at work, the worker says so, and reads it once it can', async () => {
    const { topicHash } = network.contracts.market.interface.getEvent('Assigned')
    rpc.hides = ({ topics }) => topics[0] === topicHash
    rpc.fault = 'leaves logs out'
    const worker = await network.startWorker(alice, { rpcUrl: rpc.url })
    await worker.line(({ message }) => message === 'worker started')
    const workload = await network.submit(program, { redundancy: 1, maxRunTime: 600 })
    const { args } = await network.until(workload, 'Assigned')
    const said = await worker.line(({ message }) => message.startsWith('a seat is at work, and nobody here knows'))
    expect(said).to.include({ level: 'error', seat: args.candidates.find(({ slot }) => slot === 0)?.seat })
    // By now it is older than what is read twice.
    await network.chain.provider.send('anvil_mine', ['0x50'])
    await worker.line(({ message }) => message.startsWith('blocks are read again'))
    rpc.fault = 'none'
    await network.requester.releaseWhenServed({ workload }).catch(() => undefined)
    await expectEnded(network, alice, workload)
    expect((await network.eventsOf(workload)).map(({ name }) => name)).to.include('Revealed')
    expect(await worker.stop(), worker.tail()).to.equal(0)
  })

  it('says every log twice: each counts once', async () => {
    rpc.fault = 'doubles logs'
    const worker = await network.startWorker(alice, { rpcUrl: rpc.url })
    await worker.line(({ message }) => message === 'worker started')
    const workload = await network.submit(program, { redundancy: 2, maxRunTime: 600 })
    await network.requester.releaseWhenServed({ workload }).catch(() => undefined)
    await expectProved(network, alice, workload)
    expect(rpc.spoiled).to.be.greaterThan(0)
    expect(worker.lines.map(({ message }) => message)).to.not.include('a reorg undid blocks')
    expect(await worker.stop(), worker.tail()).to.equal(0)
  })
})
