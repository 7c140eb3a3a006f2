import { expect } from 'chai'
import { keccak256, parseEther, randomBytes } from 'ethers'

import type { FailReason, WorkloadId } from '../../sdk/src/chain/index.js'
import { digestOf } from '../../sdk/src/content/index.js'
import { expectEnded } from '../support/network/expectSound.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { PATIENT, TestNetwork, type Operator } from '../support/network/TestNetwork.js'

/** What a program can do wrong, and the reason the chain must name. */
const CASES: readonly (readonly [mode: string, reason: FailReason])[] = [
  ['exit', 'ProgramFailed'],
  ['error', 'ProgramFailed'],
  ['abort', 'ProgramFailed'],
  ['oom', 'ProgramFailed'],
  ['fill', 'ProgramFailed'],
  ['traversal', 'ProgramFailed'],
  ['link', 'ProgramFailed'],
  ['wrong-sha256', 'ProgramFailed'],
  // A proof that the program is proud of and the verifier contract is not.
  ['threads', 'ProgramFailed'],
  ['hang', 'OutOfTime'],
  ['flood', 'OutOfTime'],
]

describe('faults: programs that fail', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let alice: Operator

  showWorkers(() => network.workers)
  before(async () => {
    network = await TestNetwork.start(PATIENT)
    alice = await network.addOperator('alice', 4)
    await network.startWorker(alice, { runs: 4, cores: 4, fetchSeconds: 3 })
  })
  after(async () => {
    await network.stop()
  })

  /** Why it failed, as the seat reports it; then the deadline passes. */
  async function failed(workload: WorkloadId): Promise<FailReason> {
    const { reason } = (await network.until(workload, 'Failed')).args
    await network.chain.provider.send('evm_increaseTime', [60])
    await expectEnded(network, alice, workload)
    return reason
  }

  for (const [mode, reason] of CASES) {
    it(`"${mode}" is reported as ${reason}`, async () => {
      await network.chain.mineAtOnce()
      const program = await network.deployGuest('guest', [mode])
      await network.chain.mineEvery(1)
      const maxRunTime = reason === 'OutOfTime' ? 15 : 60
      expect(await failed(await network.submit(program, { maxRunTime }))).to.equal(reason)
    })
  }

  it('inputs that nobody has are reported as InputsUnavailable', async () => {
    await network.chain.mineAtOnce()
    const program = await network.deployGuest('hashcash')
    await network.chain.mineEvery(1)
    const words = randomBytes(32)
    const { workload } = await network.requester.submit({
      program,
      inputs: { digest: digestOf(randomBytes(8)), publicInputs: keccak256(words) as `0x${string}` },
      fee: parseEther('20'),
      maxRunTime: 60,
    })
    expect(await failed(workload)).to.equal('InputsUnavailable')
  })
})
