import { expect } from 'chai'
import { pointsOf, readReceipt, receiptHash } from '../../sdk/src/chain/receipts.js'
import type { Hex, WorkloadId } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { systemClock } from '../../sdk/src/clock.js'
import {
  aProgram,
  operatorOf,
  prover,
  someInputs,
  startNetwork,
  TOKEN,
  UNHURRIED,
  type Network,
} from '../support/network.js'
import { rejected } from '../support/rejected.js'

// Epochs end when a case says so: one that ended by itself between two looks would make what is pending due.
const EPOCH = 86_400

describe('client: network rewards', function () {
  this.timeout(120_000)
  let network: Network
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork({ ...UNHURRIED, rewards: { ...UNHURRIED.rewards, epochLength: EPOCH } })
    client = await network.client()
    await client.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, client)
  })
  after(() => network.chain.stop())

  async function drawn(redundancy: number): Promise<{ workload: WorkloadId; seats: number[] }> {
    const { workload } = await client.submit({
      program,
      inputs: someInputs(),
      fee: 10n * TOKEN,
      // A tenth of it is the time to answer; a commit after that finds an open slot, and commits do not close early.
      maxRunTime: 200,
      redundancy,
    })
    await network.chain.mine(4)
    await client.assign({ workload })
    const { slots } = await client.getWorkload({ workload })
    return { workload, seats: slots.map(({ seat }) => seat) }
  }

  it('records what the events say, once, and claims it into the balance', async () => {
    const lone = await drawn(1)
    expect(await readReceipt(client.contracts, lone.workload)).to.equal(undefined)
    const { spec } = await client.getWorkload({ workload: lone.workload })
    await prover.submitProof(network, spec, lone.seats[0]!)
    const three = await drawn(3)
    for (const seat of [...three.seats].reverse()) await prover.commit(network, three.workload, seat)
    await network.chain.pass(2)
    const { spec: threeSpec } = await client.getWorkload({ workload: three.workload })
    for (const seat of three.seats) await prover.reveal(network, threeSpec, seat)
    await client.settle({ workload: three.workload })

    for (const { workload } of [lone, three]) {
      const receipt = await readReceipt(client.contracts, workload)
      expect(receiptHash(workload, receipt!)).to.equal(await client.contracts.market.receiptOf(workload))
    }
    const receipt = await readReceipt(client.contracts, three.workload)
    expect(receipt?.entries.map((entry) => Number((entry >> 160n) & 0xffffffn))).to.deep.equal(
      [...three.seats].reverse(),
    )

    expect(await client.recordRewards({ workloads: [lone.workload, three.workload] })).to.equal(2)
    await rejected(client.recordRewards({ workloads: [lone.workload] }), 'CLIENT_NOTHING_TO_DO')
    const { address: operator } = operatorOf(network, three.seats[2]!)
    const { due, pending } = await client.getRewards({ operator })
    expect(due).to.equal(0n)
    // κ = 0.9 of the base burn of half a token, by weight; more if the operator holds other ranks too.
    expect(pending >= ((TOKEN / 2n) * 9n * 100n) / 10n / 244n).to.equal(true)
    await rejected(client.claimRewards({ operators: [operator] }), 'CONTRACT_NOTHING_TO_CLAIM')
    await network.chain.pass(EPOCH)
    expect((await client.getRewards({ operator })).due).to.equal(pending)
    const before = (await client.contracts.market.accountOf(operator)).balance
    await client.claimRewards({ operators: [operator] })
    expect((await client.contracts.market.accountOf(operator)).balance).to.equal(before + pending)
  })

  it('records and claims with gas enough for an epoch that has ended, and another that has begun, before the transaction is included', async () => {
    const proven = []
    for (let count = 0; count < 2; count++) {
      const { workload, seats } = await drawn(1)
      const { spec } = await client.getWorkload({ workload })
      await prover.submitProof(network, spec, seats[0]!)
      proven.push({ workload, operator: operatorOf(network, seats[0]!).address })
    }
    const [first, second] = proven as [(typeof proven)[0], (typeof proven)[0]]
    const { chain } = network
    const inNextEpoch = async (act: () => Promise<unknown>): Promise<void> => {
      await chain.provider.send('evm_setAutomine', [false])
      try {
        const done = act()
        const waiting = () => chain.provider.send('eth_getBlockTransactionCountByNumber', ['pending'])
        while (Number(await waiting()) === 0) await systemClock.sleep(10)
        await chain.pass(EPOCH)
        await done
      } finally {
        await chain.provider.send('evm_setAutomine', [true])
      }
    }
    await client.recordRewards({ workloads: [first.workload] })
    await inNextEpoch(() => client.recordRewards({ workloads: [second.workload] }))
    // What the first epoch gave is due; the second one ends while the claim is on its way.
    const { due } = await client.getRewards({ operator: first.operator })
    expect(due > 0n).to.equal(true)
    const before = (await client.contracts.market.accountOf(first.operator)).balance
    await inNextEpoch(() => client.claimRewards({ operators: [first.operator] }))
    expect((await client.contracts.market.accountOf(first.operator)).balance >= before + due).to.equal(true)
  })

  it('counts for those who stayed when another ranked seat was withdrawn', async () => {
    const { workload, seats } = await drawn(2)
    const [gone, stayed] = seats as [number, number]
    const { spec } = await client.getWorkload({ workload })
    for (const seat of seats) await prover.commit(network, workload, seat)
    await network.chain.pass(2)
    for (const seat of seats) await prover.reveal(network, spec, seat)
    await client.settle({ workload })
    const before = await readReceipt(client.contracts, workload)
    const { contracts, address } = operatorOf(network, gone)
    await (await contracts.registry.leaveSet([gone])).wait()
    await network.chain.pass(Number(await contracts.registry.cooldown()) + 1)
    await (await contracts.registry.withdraw([gone], address)).wait()
    expect(BigInt((await contracts.registry.seatOf(gone)).operator)).to.equal(0n)

    const receipt = await readReceipt(client.contracts, workload)
    expect(receipt).to.deep.equal(before)
    expect(receiptHash(workload, receipt!)).to.equal(await client.contracts.market.receiptOf(workload))
    const { address: operator } = operatorOf(network, stayed)
    expect(await client.findUnrecorded({ operator })).to.deep.equal([workload])
    expect(await client.recordRewards({ workloads: [workload] })).to.equal(1)
    const { pending } = await client.getRewards({ operator })
    expect(pending).to.equal(pointsOf(receipt!, await client.contracts.rewards.kappaBps(), operator))
    expect(pending > 0n).to.equal(true)
    // What the other earned before it left is its own too.
    expect((await client.getRewards({ operator: address })).pending > 0n).to.equal(true)
  })

  it('has nothing for a workload that nobody proved', async () => {
    const { workload } = await client.submit({ program, inputs: someInputs(), fee: 10n * TOKEN, maxRunTime: 100 })
    await client.cancel({ workload })
    expect(await readReceipt(client.contracts, workload)).to.equal(undefined)
    await rejected(client.recordRewards({ workloads: [workload] }), 'CLIENT_NOTHING_TO_DO')
  })
})
