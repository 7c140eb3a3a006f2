import { expect } from 'chai'

import type { ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { expectProved } from '../support/network/expectSound.js'
import { FaultyRpc, type RpcFault } from '../support/network/FaultyRpc.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { ROOMY, TestNetwork, type Operator } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'
import { IS_FULL } from '../support/seed.js'

/** What the preferred one of two endpoints does from the draw on, to the end; the worker has to say this of it. */
const FAULTS: readonly (readonly [RpcFault, string])[] = [
  ['drops', 'unreachable'],
  ['stalls', 'slow'],
  ['limits', 'limits'],
  ['limits in words', 'limits'],
  ['old heads', 'behind'],
  ['boasts', 'ahead'],
  ['wrong chain', 'wrongChain'],
]
/** Tried each time; the others take minutes more. */
const USUAL: readonly RpcFault[] = ['drops', 'limits in words']

describe('faults: several endpoints', function () {
  this.timeout(600_000)
  let network: TestNetwork
  let program: ProgramId
  let alice: Operator
  let rpcs: FaultyRpc[]

  showWorkers(() => network.workers)
  before(async () => {
    network = await TestNetwork.start(ROOMY)
    program = await network.deployGuest('hashcash', ['8'])
    alice = await network.addOperator('alice', 2)
    await network.chain.mineEvery(1)
  })
  beforeEach(async () => {
    rpcs = [await FaultyRpc.start(network.chain.url), await FaultyRpc.start(network.chain.url)]
  })
  // One that still runs holds the account.
  afterEach(async () => {
    for (const worker of network.workers.splice(0)) await worker.kill()
    for (const rpc of rpcs) await rpc.stop()
  })
  after(async () => {
    await network.stop()
  })

  const endpoints = () => {
    const [rpcUrl, ...rpcFallbacks] = rpcs.map(({ url }) => url)
    return { rpcUrl, rpcFallbacks, rpcLagBlocks: 2 }
  }

  async function started(changes: Record<string, unknown> = {}): Promise<WorkerProcess> {
    const worker = await network.startWorker(alice, { ...endpoints(), ...changes })
    await worker.line(({ message }) => message === 'worker started')
    return worker
  }

  /** A workload that is released as soon as its proof was served. */
  async function submit(): Promise<{ readonly workload: WorkloadId; readonly released: Promise<unknown> }> {
    const workload = await network.submit(program, { redundancy: 2, maxRunTime: 600 })
    return { workload, released: network.requester.releaseWhenServed({ workload }).catch(() => undefined) }
  }

  async function expectEnd(worker: WorkerProcess, workload: WorkloadId): Promise<void> {
    await expectProved(network, alice, workload)
    expect(worker.lines.map(({ message }) => message)).to.not.include('transaction superseded')
    expect(await worker.stop(), worker.tail()).to.equal(0)
  }

  for (const [fault, why] of FAULTS) {
    it(`the preferred one of two ${fault === 'wrong chain' ? 'changes its chain' : fault} in the middle of a job, for good`, async function () {
      if (!IS_FULL && !USUAL.includes(fault)) {
        console.log('      SKIP the other faults: npm run test:faults')
        this.skip()
      }
      // Only where it is waited for: when this machine stands still for longer, requests to endpoints without a fault count as failed too.
      const worker = await started(fault === 'stalls' ? { rpcTimeoutMs: 1_000 } : {})
      const { workload, released } = await submit()
      await network.until(workload, 'Assigned')
      rpcs[0]!.fault = fault
      // What serves another chain is noticed when it is looked at anew.
      if (fault === 'wrong chain') {
        rpcs[0]!.fault = 'drops'
        await worker.line(({ message }) => message === 'an endpoint is set aside')
        rpcs[0]!.fault = fault
      }
      await worker.line((line) => line.message === 'an endpoint is set aside' && line['why'] === why)
      await released
      await expectEnd(worker, workload)
    })
  }

  it('both die in the middle of a job, and come back', async () => {
    const worker = await started()
    const { workload, released } = await submit()
    await network.until(workload, 'Assigned')
    for (const rpc of rpcs) rpc.fault = 'drops'
    await worker.line(({ message }) => message.startsWith('the chain cannot be read'))
    for (const rpc of rpcs) rpc.fault = 'none'
    await worker.line(({ message }) => message === 'the chain can be read again')
    await released
    await expectEnd(worker, workload)
  })

  it('one leaves all draws out for ever: another one tells', async () => {
    const { topicHash } = network.contracts.market.interface.getEvent('Assigned')
    rpcs[0]!.hides = ({ topics }) => topics[0] === topicHash
    rpcs[0]!.fault = 'leaves logs out'
    const worker = await started()
    const { workload, released } = await submit()
    await worker.line((line) => line.message === 'an endpoint is set aside' && line['why'] === 'omits')
    await released
    await expectEnd(worker, workload)
    expect(rpcs[0]!.hidden).to.be.greaterThan(0)
  })

  it('one takes no transaction: the other one does', async () => {
    rpcs[0]!.fault = 'is short of funds'
    const worker = await started()
    const { workload, released } = await submit()
    await released
    await expectEnd(worker, workload)
    expect(rpcs[0]!.spoiled).to.be.greaterThan(0)
  })

  it('refuses to start with one of another chain, and names it', async () => {
    rpcs[1]!.fault = 'wrong chain'
    const worker = await network.startWorker(alice, endpoints())
    expect(await worker.exited(), worker.tail()).to.equal(1)
    expect(worker.tail())
      .to.include('CHAIN_WRONG')
      .and.to.include(`endpoint 2 ${new URL(rpcs[1]!.url).host}`)
  })
})
