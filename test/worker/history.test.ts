import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { hexlify, keccak256, parseEther, randomBytes } from 'ethers'

import type { Hex, ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { FaultyRpc, type Call } from '../support/network/FaultyRpc.js'
import { showWorkers } from '../support/network/showWorkers.js'
import { ROOMY, TestNetwork } from '../support/network/TestNetwork.js'
import type { WorkerProcess } from '../support/network/WorkerProcess.js'

/** Workloads of a transaction. */
const BATCH = 64
const BATCHES = 10
/** How long each look at an ended workload takes: minutes for all of them, eight at once. */
const SLOW_MS = 2_000
const SECONDS = 240
/** In which a drawn seat answers: longer than all of history takes, so that only the order counts here. */
const RESPONSE_SECONDS = 300
const MAX_RUN_TIME = 10 * RESPONSE_SECONDS
const PARAMETERS = { ...ROOMY, rules: { ...ROOMY.rules, responseWindow: RESPONSE_SECONDS } }

// A network that is old, an endpoint that is slow: what a keeper has to look at must not cost its own seats their deadlines.
describe('worker: a long history', function () {
  this.timeout(900_000)
  let network: TestNetwork
  let rpc: FaultyRpc

  showWorkers(() => network.workers)
  before(async () => {
    network = await TestNetwork.start(PARAMETERS)
    rpc = await FaultyRpc.start(network.chain.url)
  })
  after(async () => {
    await network.stop()
    await rpc.stop()
  })

  /** Submits workloads and takes them back, before anybody can be drawn for them. */
  async function endMany(program: ProgramId): Promise<readonly WorkloadId[]> {
    const { contracts, requester } = network
    const ended: WorkloadId[] = []
    for (let batch = 0; batch < BATCHES; batch++) {
      const inputs = { digest: hexlify(randomBytes(32)) as Hex, publicInputs: keccak256(randomBytes(32)) as Hex }
      const request = { program, inputs, fee: parseEther('20'), maxRunTime: MAX_RUN_TIME }
      const submitted = await requester.submitMany({ requests: new Array(BATCH).fill(request) })
      const cancels = submitted.map(({ spec }) => contracts.market.interface.encodeFunctionData('cancel', [spec, []]))
      await (await contracts.market.tryMany(cancels)).wait()
      ended.push(...submitted.map(({ workload }) => workload))
    }
    const finished = await contracts.market.queryFilter(contracts.market.filters.Finished())
    expect(finished).to.have.length(ended.length)
    return ended
  }

  async function until(what: string, isSo: () => boolean): Promise<void> {
    for (const end = Date.now() + SECONDS * 1_000; !isSo(); await sleep(50))
      if (Date.now() > end) throw new Error(`not in ${SECONDS} s: ${what}`)
  }

  it('a seat that is drawn while its keeper looks at all that has ended answers before that is done', async () => {
    const program = await network.deployGuest('hashcash')
    const alice = await network.addOperator('alice')
    const ended = await endMany(program)
    const lookedAt = new Set<WorkloadId>()
    let slowMs = 0
    rpc.delays = ({ method, params }: Call): number => {
      if (method !== 'eth_call') return 0
      const data = JSON.stringify(params)
      const about = ended.filter((workload) => data.includes(workload.slice(2)))
      for (const workload of about) lookedAt.add(workload)
      return about.length > 0 ? slowMs : 0
    }
    await network.chain.mineEvery(1)
    // Only the test draws.
    const start = async (): Promise<WorkerProcess> => {
      const worker = await network.startWorker(alice, { rpcUrl: rpc.url, keeperDuties: ['slash'] })
      await worker.line(({ message }) => message === 'worker started')
      return worker
    }
    const first = await start()
    await until('all that ended was looked at', () => lookedAt.size === ended.length)
    expect(await first.stop(), first.tail()).to.equal(0)

    lookedAt.clear()
    slowMs = SLOW_MS
    const workload = await network.submit(program, { maxRunTime: MAX_RUN_TIME })
    // The round of its draw.
    for (let block = 0; block < 4; block++) await network.chain.mine()
    const second = await start()
    await until('what ended is looked at again', () => lookedAt.size > 0)
    await network.requester.assign({ workload })
    const { args } = await network.until(workload, 'Revealed')
    const lookedAtBefore = lookedAt.size
    expect(args.seat).to.equal(alice.seats[0])
    expect(lookedAtBefore).to.be.lessThan(ended.length)
    const names = (await network.eventsOf(workload)).map(({ name }) => name)
    expect(names.filter((name) => name === 'Declined' || name === 'Failed' || name === 'Missed')).to.be.empty

    // Nor does the rest wait for ever.
    slowMs = 0
    await until('all that ended was looked at', () => lookedAt.size === ended.length)
    expect(await second.stop(), second.tail()).to.equal(0)
  })
})
