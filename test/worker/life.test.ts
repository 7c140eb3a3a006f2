import { expect } from 'chai'

import { TestNetwork } from '../support/network/TestNetwork.js'

// The worker as operators run it: a process, a real chain, real sandboxed programs, nothing replaced.
describe('worker: the life of a workload', function () {
  this.timeout(300_000)
  let network: TestNetwork

  before(async () => {
    network = await TestNetwork.start()
  })
  after(async () => {
    await network.stop()
  })

  it('proves alone and is paid', async () => {
    const alice = await network.addOperator('alice')
    const program = await network.deployGuest('hashcash')
    const worker = await network.startWorker(alice)
    await network.chain.mineEvery(1)
    const workload = await network.submit(program)
    const finished = await network.until(workload, 'Finished')
    expect(finished.args.outcome).to.equal('Proven')
    const settled = await network.until(workload, 'SlotSettled')
    expect(settled.args).to.include({ seat: alice.seats[0], rank: 1 })
    await worker.line((line) => line.message === 'job closed' && line.workload === workload)
    expect(await worker.stop()).to.equal(0)
  })
})
