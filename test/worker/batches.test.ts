import { expect } from 'chai'
import { hexlify, parseEther, randomBytes } from 'ethers'

import type { Hex, WorkloadId } from '../../sdk/src/chain/index.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { systemClock } from '../../sdk/src/clock.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { KeeperBatches } from '../../sdk/src/worker/coordinate/KeeperBatches.js'
import { MarketCalls } from '../../sdk/src/worker/coordinate/MarketCalls.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { Publisher } from '../../sdk/src/worker/publish/Publisher.js'
import type { TxOutcome } from '../../sdk/src/worker/publish/TxOutcome.js'
import { TxSigner } from '../../sdk/src/worker/publish/TxSigner.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { TransactionJournal } from '../../sdk/src/worker/store/TransactionJournal.js'
import { aProgram, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'
import { FAST, TestNetwork } from '../support/network/TestNetwork.js'

const GWEI = 10n ** 9n
const silent = jsonLogger({ level: 'error', write: console.log, now: () => Date.now() })

// The market of a real chain; what is put together is the keeper's own calls.
describe('worker: batches of a keeper', function () {
  this.timeout(120_000)
  let network: Network
  let client: GevulotClient
  let program: Hex
  let db: Database
  let batches: KeeperBatches
  /** As after a restart: nothing of the batches before is known, but what they had sent is still on its way. */
  let again: () => KeeperBatches
  /** What relays give. */
  let given = 1_200_000n
  let calls: MarketCalls
  const stop = new AbortController()
  let loop: Promise<void>

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 10_000n * TOKEN })
    program = await aProgram(network, client)
    db = await openDatabase()
    const { provider } = network.chain
    const key = hexlify(randomBytes(32))
    const signer = new TxSigner(new Secret(key), client.contracts.chainId)
    await provider.send('anvil_setBalance', [signer.address, `0x${parseEther('10').toString(16)}`])
    const publisher = new Publisher({
      ...{ provider, signer, clock: systemClock, log: silent, time: new ChainTime(systemClock) },
      ...{ journal: new TransactionJournal(db, systemClock), pollMs: 50, maxFee: 100n * GWEI, tip: GWEI / 10n },
      ...{ maxGas: 3_000_000n, bumpMs: 60_000, maxInFlight: 8 },
    })
    loop = publisher.run(stop.signal)
    const parts = {
      contracts: client.contracts,
      provider,
      operator: signer.address,
      publisher,
      reach: { mostTogether: async () => given },
    }
    again = () => new KeeperBatches({ ...parts, clock: systemClock, log: silent, maxGas: 1_200_000n })
    batches = again()
    calls = new MarketCalls(client.contracts)
  })
  after(async () => {
    stop.abort()
    await loop
    await db.destroy()
    await network.chain.stop()
  })

  /** Workloads whose round is out. */
  async function due(count: number): Promise<WorkloadId[]> {
    const workloads: WorkloadId[] = []
    for (let index = 0; index < count; index++) {
      const terms = { program, inputs: someInputs(), fee: 20n * TOKEN, maxRunTime: 600 }
      workloads.push((await client.submit(terms)).workload)
    }
    await network.chain.mine(4)
    return workloads
  }

  const hashOf = (outcome: TxOutcome) => (outcome.kind === 'mined' ? outcome.hash : outcome.kind)
  const codeOf = (outcome: TxOutcome) => (outcome.kind === 'reverted' ? outcome.error.code : outcome.kind)

  it('what comes together goes out together; what would revert, and what fails in the block, fails alone', async () => {
    const [one, two, three] = await due(3)
    const unknown = hexlify(randomBytes(32)) as WorkloadId
    const twice = { ...calls.assign(two!), key: 'again' }
    const requests = [calls.assign(one!), calls.assign(unknown), calls.assign(two!), twice, calls.assign(three!)]
    const outcomes = requests.map((request) => batches.publish(request))
    expect(batches.publish(requests[0]!)).to.equal(outcomes[0])
    expect(requests.map(({ key }) => batches.isPending(key))).to.deep.equal([true, true, true, true, true])
    const [first, gone, second, again, third] = await Promise.all(outcomes)
    expect(new Set([first!, second!, third!].map(hashOf)).size).to.equal(1)
    expect(hashOf(first!)).to.match(/^0x/)
    expect([codeOf(gone!), codeOf(again!)]).to.deep.equal(['CONTRACT_WRONG_PHASE', 'CONTRACT_WRONG_PHASE'])
    for (const workload of [one!, two!, three!]) {
      expect((await client.getWorkload({ workload })).status).to.equal('proving')
    }
    expect(requests.some(({ key }) => batches.isPending(key))).to.be.false
  })

  it('one act is sent as it is, and more than a transaction takes are sent in several', async () => {
    const [alone] = await due(1)
    const single = await batches.publish(calls.assign(alone!))
    const transaction = await network.chain.provider.getTransaction(hashOf(single))
    expect(transaction!.data).to.equal(calls.assign(alone!).data)
    const many = await due(12)
    const outcomes = await Promise.all(many.map((workload) => batches.publish(calls.assign(workload))))
    const hashes = new Set(outcomes.map(hashOf))
    expect(hashes.size).to.be.within(2, 6)
    expect([...hashes].every((hash) => hash.startsWith('0x'))).to.be.true
  })

  it('no more goes out together than relays carry', async () => {
    const many = await due(6)
    given = 500_000n
    const outcomes = await Promise.all(many.map((workload) => batches.publish(calls.assign(workload))))
    given = 1_200_000n
    const hashes = new Set(outcomes.map(hashOf))
    expect(hashes.size).to.be.greaterThan(2)
    for (const hash of hashes) {
      const { gasLimit } = (await network.chain.provider.getTransaction(hash))!
      expect(gasLimit < 500_000n, `${gasLimit} gas`).to.be.true
    }
  })

  it('a batch of an earlier run does not stand for one of this run', async () => {
    const { provider } = network.chain
    const [one, two, three, four] = (await due(4)).map((workload) => calls.assign(workload))
    await provider.send('evm_setAutomine', [false])
    const before = [batches.publish(one!), batches.publish(two!)]
    const waiting = async (): Promise<number> => (await provider.getBlock('pending'))?.length ?? 0
    while ((await waiting()) === 0) await systemClock.sleep(20)
    const restarted = again()
    const after = [restarted.publish(three!), restarted.publish(four!)]
    while ((await waiting()) === 1) await systemClock.sleep(20)
    await provider.send('evm_setAutomine', [true])
    await network.chain.mine(1)
    const hashes = (await Promise.all([...before, ...after])).map(hashOf)
    expect(hashes[0]).to.equal(hashes[1])
    expect(hashes[2]).to.equal(hashes[3])
    expect(hashes[2]).not.to.equal(hashes[0])
  })

  it('what is not the market’s goes out as it came', async () => {
    const { token, addresses } = client.contracts
    const data = token.interface.encodeFunctionData('approve', [addresses.market, 1n])
    const request = { key: 'approve', to: addresses.token, data, priority: 'keeper' as const, about: {} }
    const transaction = await network.chain.provider.getTransaction(hashOf(await batches.publish(request)))
    expect(transaction!.to).to.equal(addresses.token)
  })
})

describe('worker: a keeper that comes to much work', function () {
  this.timeout(300_000)
  let network: TestNetwork

  before(async () => {
    network = await TestNetwork.start({ ...FAST, epochLength: 60 })
  })
  after(() => network.stop())

  it('draws for all workloads that wait in one transaction', async () => {
    const program = await network.deployGuest('hashcash')
    await network.addOperator('alice')
    const keeper = await network.addOperator('keeper', 0)
    const workloads: WorkloadId[] = []
    for (let index = 0; index < 4; index++) workloads.push(await network.submit(program))
    await network.chain.provider.send('anvil_mine', ['0x8'])
    await network.startWorker(keeper)
    await network.chain.mineEvery(1)
    const assigned = await Promise.all(workloads.map((workload) => network.until(workload, 'Assigned')))
    expect(new Set(assigned.map(({ at }) => at.transaction)).size).to.equal(1)
  })
})
