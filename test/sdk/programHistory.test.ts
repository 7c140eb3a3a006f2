import { expect } from 'chai'
import type { Hex } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { programHistory } from '../../sdk/src/client/programHistory.js'
import type { SubmitParams } from '../../sdk/src/client/submit.js'
import { aProgram, prover, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'

const RUN_TIME = 400
const FEE = 10n * TOKEN

describe('client: history of a program', function () {
  this.timeout(180_000)
  let network: Network
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 1_000n * TOKEN })
  })
  beforeEach(async () => {
    program = await aProgram(network, client)
  })
  after(() => network.chain.stop())

  async function drawn(params: Partial<SubmitParams> = {}) {
    const terms = { program, inputs: someInputs(), fee: FEE, maxRunTime: RUN_TIME, ...params }
    const { workload, spec } = await client.submit(terms)
    await network.chain.mine(4)
    await client.assign({ workload })
    const { slots } = await client.getWorkload({ workload })
    return { workload, spec, seats: slots.map(({ seat }) => seat) }
  }
  async function provenAfter(seconds: number): Promise<void> {
    const { spec, seats } = await drawn()
    await network.chain.pass(seconds)
    await prover.submitProof(network, spec, seats[0]!)
  }
  const historyOf = async (maxRunTime: number) => (await client.quote({ program, maxRunTime, history: true })).history

  it('is unknown, not good or bad, where nothing ended', async () => {
    await drawn()
    const height = await network.chain.provider.getBlockNumber()
    const nothing = { ended: 0, proven: 0, chance: undefined, runTimes: undefined }
    const blocks = { from: client.contracts.fromBlock, to: height }
    expect(await historyOf(RUN_TIME)).to.deep.equal({ ...nothing, blocks })
    expect(await client.quote({ program, maxRunTime: RUN_TIME })).not.to.have.property('history')
    expect(await client.quote({ program, maxRunTime: RUN_TIME, history: false })).not.to.have.property('history')
  })

  it('counts by the fastest valid proof, and leaves out what says nothing about the time asked for', async () => {
    await provenAfter(40)
    await provenAfter(200)
    // Of another program.
    const mine = program
    program = await aProgram(network, client)
    await provenAfter(1)
    program = mine
    // Cancelled before its draw: it says nothing.
    await client.cancel({ workload: (await client.submit({ program, inputs: someInputs(), fee: FEE, maxRunTime: RUN_TIME })).workload }) // prettier-ignore
    // Two proofs, of which the slower one does not count for the chance.
    const { workload, spec, seats } = await drawn({ redundancy: 2 })
    for (const seat of seats) await prover.accept(network, workload, seat)
    await network.chain.pass(90)
    await prover.commit(network, workload, seats[0]!)
    await network.chain.pass(60)
    await prover.commit(network, workload, seats[1]!)
    await network.chain.pass(3)
    for (const seat of seats) await prover.reveal(network, spec, seat)
    await client.settle({ workload })
    // Had less time than most of those asked about, and timed out.
    const late = await drawn()
    await prover.accept(network, late.workload, late.seats[0]!)
    await network.chain.pass(RUN_TIME + 40)
    await client.settle({ workload: late.workload })

    const [all, some, few, none] = [
      await historyOf(2 * RUN_TIME),
      await historyOf(RUN_TIME),
      await historyOf(145),
      await historyOf(20),
    ]
    // With more time than it had, the one that timed out might have been proven.
    expect(all).to.include({ ended: 3, proven: 3, chance: 1 })
    expect(some).to.include({ ended: 4, proven: 3, chance: 0.75 })
    expect(few).to.include({ ended: 4, proven: 2, chance: 0.5 })
    expect(none).to.include({ ended: 4, proven: 0, chance: 0 })
    expect(all?.runTimes).to.deep.equal(some?.runTimes)
    const { count, least, median, most, p90 } = some!.runTimes!
    expect(count).to.equal(4)
    // The acts take time of their own, on a busy machine much.
    expect(least).to.be.within(40, 85)
    expect(median).to.be.within(90, 145)
    expect(most).to.be.within(200, 280)
    expect(p90).to.equal(most)

    expect(await programHistory(client, { program, maxRunTime: 2 * RUN_TIME, workloads: 2 })).to.include({
      ended: 1,
      proven: 1,
    })
    const { blocks, ended } = await programHistory(client, { program, maxRunTime: 2 * RUN_TIME, blocks: 1 })
    expect({ blocks: blocks.to - blocks.from, ended }).to.deep.equal({ blocks: 0, ended: 0 })
  })

  it('stops when it is told to', async () => {
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    for (const act of [
      () => client.quote({ program, maxRunTime: 100, signal }),
      () => programHistory(client, { program, maxRunTime: 100, signal }),
    ])
      // prettier-ignore
      expect(await act().catch((error: unknown) => error)).to.equal(reason)
  })
})
