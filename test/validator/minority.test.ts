import { expect } from 'chai'
import { parseEther } from 'ethers'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { FAST, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

const WINDOW = 240
const PARAMETERS = { ...FAST, epochLength: 40, rules: { ...FAST.rules, verdictWindow: WINDOW } }
const WRONG = 'a committee contradicts what the verifier program says here'
/** 20 tokens of fee, five percent of it for the committee, three of these shares. */
const BOND = parseEther('3')

// One honest member among six that lie: processes on a real chain. The prover says nothing, its worker has no leave to appeal.
describe('validator: a minority appeals', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let program: ProgramId
  let honest: Operator
  let liar: WorkerProcess
  let validator: WorkerProcess

  before(async () => {
    network = await TestNetwork.start(PARAMETERS)
    program = await network.deployJudged()
    const liars = await network.addValidator('liars', 6)
    honest = await network.addValidator('honest', 1)
    const worker = await network.startWorker(await network.addOperator('alice'))
    liar = await network.startValidator(liars, {}, 'test/support/validators/liar.ts')
    validator = await network.startValidator(honest, { appealUpTo: 3, appealPerDay: 5 })
    for (const process of [worker, liar, validator]) {
      await process.line(({ message }) => /^(worker|validator) started$/.test(message), 180)
    }
    await network.contracts.token.transfer(honest.wallet.address, 2n * BOND)
    await network.chain.mineEvery(1)
  })
  after(() => network.stop())

  /** A workload whose true proof six of seven find invalid. */
  async function wronged(): Promise<WorkloadId> {
    const workload = await network.submit(program)
    await network.until(workload, 'Committed', 300)
    await network.requester.release({ workload })
    await network.until(workload, 'VerdictReached', 300)
    await validator.line(({ message, ...line }) => message === 'verdict recorded' && line['workload'] === workload)
    return workload
  }

  async function toAppealable(): Promise<void> {
    await network.chain.provider.send('evm_increaseTime', [WINDOW])
    await network.chain.mine()
  }

  it('a validator appeals a verdict that its verifier program contradicts, within what a day may cost', async () => {
    const first = await wronged()
    await toAppealable()
    const { args } = await network.until(first, 'Appealed', 180)
    expect(args).to.include({ appellant: honest.wallet.address, bond: BOND })

    // Five tokens a day: the bond of a second one is too much, and it says so once.
    const second = await wronged()
    await toAppealable()
    const said = await validator.line(
      ({ message, ...line }) => message.startsWith(WRONG) && line['workload'] === second,
      180,
    )
    expect(said.message).to.equal(`${WRONG}; the bonds of a day are spent, appealing is up to you`)
    expect(said).to.include({ level: 'error', bond: BOND.toString(), verdict: 0, ours: 1, differ: 1 })
    expect((await network.requester.getJudging({ workload: second })).stage).to.equal('Appealable')
    expect(await network.contracts.token.balanceOf(honest.wallet.address)).to.equal(BOND)
  })
})
