import { expect } from 'chai'

import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

// Code that answers 1 as long as nobody pays for the gas: to whoever merely asks, and never in a block.
const TWO_FACED = '0x6008600c60003960086000f33a155f5260205ff3'

// The author of a program chooses its verifier. One that says yes when it is asked, and no on the chain, must not drop a seat.
describe('worker: a verifier that says another thing on the chain', function () {
  this.timeout(300_000)
  let network: TestNetwork
  let alice: Operator
  let worker: WorkerProcess

  before(async () => {
    // What is submitted in the open must revert twice before its slot opens to others.
    network = await TestNetwork.start({ ...ROOMY, rules: { ...ROOMY.rules, responseWindow: 240 } })
    alice = await network.addOperator('alice', 2)
  })
  after(() => network.stop())

  it('is left alone after two proofs, however they were shown', async () => {
    const deployed = await network.chain.wallet(0).sendTransaction({ data: TWO_FACED })
    const verifier = (await deployed.wait())!.contractAddress!
    const program = await network.deployGuest('guest', ['tiny'], {}, { verifier, verifierGas: 1_000_000 })
    worker = await network.startWorker(alice)
    await worker.line(({ message }) => message === 'worker started')
    await network.chain.mineEvery(1)

    // Both seats have committed, and show it.
    const first = await network.submit(program, { redundancy: 2, maxRunTime: 2_400 })
    expect((await network.until(first, 'Revealed')).args.valid, worker.tail()).to.equal(false)
    // In the open, where it reverts in a block and passes when it is asked why.
    const second = await network.submit(program, { maxRunTime: 2_400 })
    expect((await network.until(second, 'Failed')).args.reason, worker.tail()).to.equal('ProgramFailed')
    const submits = worker.lines.filter((line) => line.message === 'transaction reverted' && line.stage === 'submit')
    expect(submits.map((line) => [line['workload'], (line['error'] as { code: string }).code])).to.deep.equal([
      [second, 'CHAIN_TRANSACTION_REVERTED'],
      [second, 'CHAIN_TRANSACTION_REVERTED'],
    ])

    const third = await network.submit(program, { maxRunTime: 2_400 })
    await network.until(third, 'Declined')
    const declined = worker.lines.find((line) => line.message === 'job declined' && line['workload'] === third)
    expect(declined?.['why']).to.equal(
      'its verifier accepted the last 2 proofs that the program made here, and on the chain they were refused',
    )
    expect(await worker.stop(), worker.tail()).to.equal(0)
  })
})
