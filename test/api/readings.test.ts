import { expect } from 'chai'
import { createApiClient, type ApiClient } from '../../sdk/src/api/createApiClient.js'
import type { WorkloadId } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { TestApi } from '../support/api.js'
import { aProgram, prover, someInputs, startNetwork, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

const AT_ONCE = 40
/** What a reading looks back behind what the index knows. */
const MARGIN = 256

describe('api: reading workloads', function () {
  this.timeout(120_000)
  let network: Network
  let requester: GevulotClient
  let program: `0x${string}`
  let api: TestApi
  let reader: ApiClient
  /** Readings of the chain that the server has begun. */
  let readings = 0
  /** First blocks of the ranges whose logs its readings asked for. */
  const from: number[] = []

  before(async () => {
    network = await startNetwork()
    requester = await network.client()
    program = await aProgram(network, requester)
    api = await TestApi.start(network)
    await api.stop()
    const { client } = api
    const getWorkload: GevulotClient['getWorkload'] = (params) => {
      readings++
      from.push(params.fromBlock ?? 0)
      return client.getWorkload(params)
    }
    await api.start({ client: { ...client, getWorkload } })
    reader = createApiClient({ url: api.url })
  })
  after(async () => {
    await api.remove()
    await network.chain.stop()
  })

  async function submit(): Promise<WorkloadId> {
    const { minimumFee: fee } = await requester.quote({ program, maxRunTime: 600 })
    await requester.deposit({ amount: fee })
    return (await requester.submit({ program, inputs: someInputs(), fee, maxRunTime: 600 })).workload
  }
  async function draw(workload: WorkloadId) {
    await network.chain.mine(4)
    await requester.assign({ workload })
    return requester.getWorkload({ workload })
  }
  const read = (workload: WorkloadId) => reader.getWorkload({ workload })

  /** Looks until the index has come to where the chain is now. */
  async function indexed(): Promise<void> {
    const { block } = await reader.getNetwork({})
    for (let looks = 0; looks < 600; looks++) {
      if (((await reader.getNetwork({})).index?.block ?? 0) >= block) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('the index does not come to the end of the chain')
  }

  it('many who ask for one at once share the readings, and nobody gets an older one than he asked for', async () => {
    const workload = await submit()
    // Not in the index yet, and there all the same.
    expect((await read(workload)).status).to.equal('pending')
    await indexed()
    readings = 0
    const before = Array.from({ length: AT_ONCE }, () => read(workload))
    await draw(workload)
    const after = Array.from({ length: AT_ONCE }, () => read(workload))
    expect(new Set((await Promise.all(after)).map(({ status }) => status))).to.deep.equal(new Set(['proving']))
    await Promise.all(before)
    // While one is under way the others wait for the next; how many find a place in between is the machine's affair.
    expect(readings).to.be.lessThan(AT_ONCE)
  })

  it('looks only where the index says: also a workload that nobody submitted costs no look at the whole chain', async () => {
    const workload = await submit()
    await network.chain.mine(3 * MARGIN)
    await indexed()
    const head = await requester.contracts.provider.getBlockNumber()
    const { submittedBlock } = await read(workload)
    expect(from.at(-1)).to.equal(Math.max(requester.contracts.fromBlock, submittedBlock - MARGIN))
    const unknown: WorkloadId = `0x${'ab'.repeat(32)}` as WorkloadId
    await rejected(read(unknown), 'CLIENT_WORKLOAD_UNKNOWN')
    expect(from.at(-1)).to.be.at.least(head - MARGIN)
  })

  it('one that has ended is not read again, until a reorg takes its end away', async () => {
    const workload = await submit()
    const { spec, slots } = await draw(workload)
    const undecided = await requester.contracts.provider.getBlockNumber()
    await network.chain.pass(7)
    await prover.submitProof(network, spec, slots[0]!.seat)
    await requester.settle({ workload }).catch(() => undefined)
    await indexed()
    expect((await read(workload)).status).to.equal('proven')
    readings = 0
    const kept = await Promise.all(Array.from({ length: AT_ONCE }, () => read(workload)))
    expect(new Set(kept.map(({ status }) => status))).to.deep.equal(new Set(['proven']))
    expect(readings).to.equal(0)
    const depth = (await requester.contracts.provider.getBlockNumber()) - undecided
    await network.chain.provider.send('anvil_reorg', [depth, []])
    await network.chain.mine(1)
    await indexed()
    expect((await read(workload)).status).not.to.equal('proven')
  })
})
