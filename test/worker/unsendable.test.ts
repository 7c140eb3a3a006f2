import { randomBytes } from 'node:crypto'

import { expect } from 'chai'

import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { gasToReveal } from '../../sdk/src/worker/run/gasToReveal.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

// Code that answers 1 to everything, whatever it is asked.
const YES = '0x600a600c600039600a6000f3600160005260206000f3'
// What the market allows a verifier at most.
const MOST_VERIFIER_GAS = 15_000_000

// Requesters choose programs and inputs. What could never be shown to the market must not hold a seat, nor the transactions of its operator.
describe('worker: proofs that no transaction holds', function () {
  this.timeout(300_000)
  let network: TestNetwork
  let alice: Operator
  let worker: WorkerProcess
  let yes: string

  before(async () => {
    network = await TestNetwork.start(ROOMY)
    alice = await network.addOperator('alice', 2)
    const deployed = await network.chain.wallet(0).sendTransaction({ data: YES })
    yes = (await deployed.wait())!.contractAddress!
  })
  afterEach(async () => {
    expect(await worker.stop(), worker.tail()).to.equal(0)
  })
  after(() => network.stop())

  async function start(changes: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await network.chain.mineAtOnce()
    worker = await network.startWorker(alice, changes)
    await worker.line(({ message }) => message === 'worker started')
    await network.chain.mineEvery(1)
  }

  it('a verifier with all the gas that the market allows is shown a long proof, and what that takes was known', async () => {
    await network.chain.mineAtOnce()
    const terms = { verifier: yes, verifierGas: MOST_VERIFIER_GAS }
    const program = await network.deployGuest('guest', ['long-proof', '40000'], {}, terms)
    await start()
    const mined = async (workload: WorkloadId, stage: string) =>
      worker.line(
        (line) => line.message === 'transaction mined' && line.stage === stage && line['workload'] === workload,
      )
    const alone = await mined(await network.submit(program, { maxRunTime: 600 }), 'submit')
    const sent = (await network.chain.provider.getTransaction(String(alone['hash'])))!
    expect(sent.gasLimit).to.equal(2n ** 24n)
    const { from, to, data } = sent
    const at = `0x${(sent.blockNumber! - 1).toString(16)}`
    const needed = BigInt((await network.chain.provider.send('eth_estimateGas', [{ from, to, data }, at])) as string)
    const known = gasToReveal(MOST_VERIFIER_GAS, randomBytes(32), new Uint8Array(40_000).fill(0x41))
    expect(known, `${known} for ${needed}`).to.satisfy((gas: bigint) => gas >= needed && gas < needed + 700_000n)
    await mined(await network.submit(program, { redundancy: 2, maxRunTime: 600 }), 'reveal')
  })

  it('work whose proof takes more gas to show than the worker may give is declined', async () => {
    await network.chain.mineAtOnce()
    const program = await network.deployGuest('guest', ['tiny'], {}, { verifier: yes, verifierGas: 5_000_000 })
    await start({ maxGas: 5_000_000 })
    const workload = await network.submit(program, { maxRunTime: 600 })
    await network.until(workload, 'Declined')
    const declined = worker.lines.find((line) => line.message === 'job declined' && line['workload'] === workload)
    expect(declined?.['why']).to.match(/^to show a proof to its verifier takes \d+ gas, more than maxGas \(5000000\)$/)
  })
})
