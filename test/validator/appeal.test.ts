import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { parseEther } from 'ethers'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { rejected } from '../support/rejected.js'
import { FAST, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

/** It is jumped over. For two of them the first verdict can be appealed, and until then three processes have to start. */
const WINDOW = 600
const PARAMETERS = { ...FAST, epochLength: 40, rules: { ...FAST.rules, verdictWindow: WINDOW } }
const WRONGED = 'a committee finds our proof invalid; appealing is up to you'
/** 20 tokens of fee, five percent of it for the committee, three of these shares. */
const BOND = parseEther('3')

// A committee of liars, and what is left to those whom it wrongs: processes on a real chain. When the verdict is there the liars leave and
// ten honest seats join, so that the larger committee is all of these.
describe('validator: appeals', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let program: ProgramId
  let alice: Operator
  let liars: Operator
  let liar: WorkerProcess
  let worker: WorkerProcess

  before(async () => {
    network = await TestNetwork.start(PARAMETERS)
    program = await network.deployJudged()
    liars = await network.addValidator('liars', 7)
    alice = await network.addOperator('alice')
    worker = await network.startWorker(alice)
    liar = await network.startValidator(liars, {}, 'test/support/validators/liar.ts')
    for (const process of [worker, liar]) {
      await process.line(({ message }) => /^(worker|validator) started$/.test(message), 180)
    }
    await network.chain.mineEvery(1)
  })
  after(() => network.stop())

  async function committed(): Promise<WorkloadId> {
    const workload = await network.submit(program)
    await network.until(workload, 'Committed', 300)
    await network.requester.release({ workload })
    return workload
  }

  async function pass(seconds: number): Promise<void> {
    await network.chain.provider.send('evm_increaseTime', [seconds])
    await network.chain.mine()
  }

  async function stageOf(workload: WorkloadId): Promise<string> {
    return (await network.requester.getJudging({ workload })).stage
  }

  it('a wrong verdict is appealed by the requester and by the wronged worker, and changed', async () => {
    const workloads = [await committed(), await committed()]
    const [first, second] = workloads as [WorkloadId, WorkloadId]
    await rejected(network.requester.appeal({ workload: first }), 'CONTRACT_WRONG_STAGE')
    for (const workload of workloads) await network.until(workload, 'VerdictReached', 300)
    await liar.kill()
    await pass(WINDOW)
    // Without leave to appeal a wronged worker says so, with the bond and the time left.
    for (const workload of workloads) {
      const said = await worker.line((line) => line.message === WRONGED && line['workload'] === workload)
      expect(said).to.include({ level: 'error', bond: BOND.toString() })
      expect(said['secondsLeft']).to.be.within(1, 2 * WINDOW)
    }
    await worker.stop()
    expect(await Promise.all(workloads.map(stageOf))).to.deep.equal(['Appealable', 'Appealable'])

    await network.chain.mineAtOnce()
    await (await network.contracts.registry.connect(liars.wallet).leaveSet([...liars.seats])).wait()
    const honest = await network.addValidator('honest', 10)
    await network.contracts.token.transfer(alice.wallet.address, BOND)
    await network.chain.mineEvery(1)
    const judging = await network.requester.getJudging({ workload: first })
    expect(judging).to.include({ stage: 'Appealable', revealed: 1, valid: 0, appealBond: BOND })
    expect(judging.members.filter(({ answered }) => answered)).to.have.length(7)
    await rejected(network.requester.appeal({ workload: first, maxBond: BOND - 1n }), 'CLIENT_PARAMETER_INVALID')
    expect(await network.requester.appeal({ workload: first })).to.equal(BOND)
    expect(await network.requester.getJudging({ workload: first })).to.include({ appealed: true, attempt: 4 })

    // The worker appeals for itself, and brings both judgings on.
    worker = await network.startWorker(alice, { appealUpTo: 3 })
    const { args } = await network.until(second, 'Appealed', 180)
    expect(args).to.include({ appellant: alice.wallet.address, bond: BOND })
    const judges = await network.startValidator(honest)
    await judges.line(({ message }) => message === 'validator started')
    for (const workload of workloads) {
      const drawn = async () => (await network.requester.getJudging({ workload })).members.map(({ seat }) => seat)
      // Not as fast as this process can: the others need time to keep up.
      for (const end = Date.now() + 120_000; (await drawn()).length === 0 && Date.now() < end; await sleep(200))
        await pass(1)
      expect((await drawn()).sort()).to.deep.equal([...honest.seats].sort())
    }
    for (const workload of workloads) {
      for (const end = Date.now() + 180_000; Date.now() < end;) {
        const { decided, valid } = await network.requester.getJudging({ workload })
        if (decided === 1 && valid === 1) break
        await sleep(500)
      }
    }
    await pass(WINDOW)
    for (const workload of workloads) {
      expect((await network.until(workload, 'Finished', 180)).args.outcome).to.equal('Proven')
    }
    // Who gave the verdict that did not stand earns nothing, and the bonds come back.
    const { committee, market, token } = network.contracts
    expect((await market.accountOf(liars.wallet.address)).balance).to.equal(0n)
    expect((await market.accountOf(honest.wallet.address)).balance).to.be.greaterThan(0n)
    expect(await committee.owed(alice.wallet.address)).to.equal(BOND)
    const before = await token.balanceOf(network.chain.wallet(0).address)
    expect(await network.requester.withdrawAppeals()).to.equal(BOND)
    expect(await token.balanceOf(network.chain.wallet(0).address)).to.equal(before + BOND)
    await rejected(network.requester.withdrawAppeals(), 'CONTRACT_NOTHING_OWED')
  })
})
