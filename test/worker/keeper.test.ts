import { expect } from 'chai'
import { parseEther } from 'ethers'

import { FAST, TestNetwork } from '../support/network/TestNetwork.js'

// The worker as operators run it: a process, a real chain, nothing replaced.
describe('worker: keeper', function () {
  this.timeout(300_000)
  let network: TestNetwork

  before(async () => {
    network = await TestNetwork.start()
  })
  after(() => network.stop())

  it('reports the silence of others, and never that of a seat of its own operator', async () => {
    const program = await network.deployGuest('hashcash')
    const alice = await network.addOperator('alice', 2)
    const silent = await network.addOperator('silent')
    const workload = await network.submit(program, { redundancy: 3 })
    for (let block = 0; block < 4; block++) await network.chain.mine()
    await network.requester.assign({ workload })
    const { slots } = await network.requester.getWorkload({ workload })
    expect(slots.map(({ seat }) => seat)).to.have.members([...alice.seats, ...silent.seats])
    // Nobody answered, and it is too late for her own seats too. She works for one of them.
    await network.chain.provider.send('evm_increaseTime', [FAST.rules.silenceWindow + 10])
    await network.chain.mineEvery(1)
    await network.startWorker(alice, { keeper: true, seats: [alice.seats[0]] })
    await network.until(workload, 'Silent')
    await network.until(workload, 'Finished')
    const reported = (await network.eventsOf(workload)).flatMap(({ name, args }) => (name === 'Silent' ? [args] : []))
    expect(reported.map(({ seat }) => seat)).to.deep.equal(silent.seats)
    expect(reported[0]?.reporter).to.equal(alice.wallet.address)
    for (const seat of alice.seats) {
      expect((await network.contracts.registry.seatOf(seat)).bond).to.equal(parseEther('1000'))
    }
  })
})
