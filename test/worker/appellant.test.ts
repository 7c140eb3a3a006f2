import { expect } from 'chai'
import { ZeroAddress, ZeroHash } from 'ethers'

import {
  appealBond,
  splitFee,
  type Bytes32,
  type CommitteeEvent,
  type GevulotEvent,
  type Judgment,
  type Rules,
  type Spec,
  type WorkloadId,
} from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { ChainTime } from '../../sdk/src/worker/chain/ChainTime.js'
import { Appellant } from '../../sdk/src/worker/coordinate/Appellant.js'
import type { Dossier } from '../../sdk/src/worker/coordinate/Dossier.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import type { TxOutcome, TxRequest } from '../../sdk/src/worker/publish/TxOutcome.js'
import { EventStore } from '../../sdk/src/worker/store/EventStore.js'
import { openDatabase, type Database } from '../../sdk/src/worker/store/openDatabase.js'
import { RecordingOutbox } from '../support/RecordingOutbox.js'
import { startNetwork, TOKEN, type Network } from '../support/network.js'

const workloadOf = (number: number): WorkloadId => `0x${number.toString(16).padStart(64, '0')}` as WorkloadId
const [FIRST, SECOND, THIRD] = [workloadOf(1), workloadOf(2), workloadOf(3)]
const FEE = 100n * TOKEN
const RULES = { baseBurnBps: 0, assignBounty: 0n, settleBounty: 0n, committeeBps: 1_000, verdictWindow: 600 } as Rules
const BOND = appealBond(splitFee(FEE, RULES, true).committee)
const keyOf = (workload: WorkloadId): string => `appeal/${workload}`
const silent = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })

/** Tells of each as mined in the newest block at once, and holds nothing as pending. */
class MiningOutbox extends RecordingOutbox {
  override async publish(request: TxRequest): Promise<TxOutcome> {
    this.requests.push(request)
    return { kind: 'mined', hash: ZeroHash, block: 1, gasUsed: 1n }
  }

  override pendingKeys(): readonly string[] {
    return []
  }
}

// The tokens are real ones; the verdicts are only named, for it is the bonds that are counted.
describe('worker: bonds of appeals', function () {
  this.timeout(120_000)
  let network: Network
  let db: Database
  let events: EventStore

  before(async () => {
    network = await startNetwork()
    const { contracts } = network.operators[0]!
    await (await contracts.token.approve(contracts.addresses.committee, 1_000n * TOKEN)).wait()
  })
  after(() => network.chain.stop())
  beforeEach(async () => {
    db = await openDatabase()
    events = new EventStore(db)
    await follow()
  })
  afterEach(() => db.destroy())

  /** Has the follower read up to the newest block. */
  async function follow(some: readonly GevulotEvent[] = []): Promise<void> {
    const newest = (await network.chain.provider.getBlock('latest'))!
    const to = { number: newest.number, hash: newest.hash as Bytes32 }
    const cursor = { start: 0, next: to.number + 1, checkpoints: [to] }
    await events.apply({ kind: 'events', from: 0, to, time: newest.timestamp, events: some, cursor })
  }

  /** @returns What considers the verdict of a workload, with grounds for an appeal. */
  async function appellant(
    outbox: RecordingOutbox,
    bonds: number,
  ): Promise<(workload: WorkloadId) => Promise<unknown>> {
    const { address: operator, contracts } = network.operators[0]!
    const time = new ChainTime(systemClock)
    const newest = (await network.chain.provider.getBlock('latest'))!
    time.see(newest.number, newest.timestamp)
    const one = new Appellant({
      ...{ contracts, events, publisher: outbox, operator, time, clock: systemClock, log: silent },
      ...{ upTo: BOND, perDay: BigInt(bonds) * BOND },
      grounds: async () => ({ text: 'it is wrong', about: {} }),
    })
    const spec = {
      ...{ program: ZeroHash, inputs: ZeroHash, publicInputs: ZeroHash, deliveryKey: ZeroHash, terms: 0n },
      requester: ZeroAddress,
    } as Spec
    return (workload) =>
      one.consider({ workload, spec, terms: { fee: FEE } } as Dossier, { until: time.now() } as Judgment, RULES)
  }

  async function appealed(workload: WorkloadId): Promise<CommitteeEvent<'Appealed'>> {
    const block = await network.chain.provider.getBlockNumber()
    return {
      contract: 'committee',
      name: 'Appealed',
      args: { workload, appellant: network.operators[0]!.address, bond: BOND },
      at: { block, logIndex: 0 },
    } as CommitteeEvent<'Appealed'>
  }

  it('counts what an earlier run has on the way, once', async () => {
    const outbox = new RecordingOutbox()
    void outbox.publish({ key: keyOf(FIRST), to: ZeroAddress, data: '0x', priority: 'answer', about: {} })
    await (
      await appellant(outbox, 1)
    )(SECOND)
    expect(outbox.pendingKeys()).to.deep.equal([keyOf(FIRST)])
    const consider = await appellant(outbox, 2)
    await consider(FIRST)
    await consider(SECOND)
    await follow([await appealed(FIRST)])
    await consider(THIRD)
    expect(outbox.pendingKeys()).to.deep.equal([FIRST, SECOND].map(keyOf))
  })

  it('puts up no two from what is left for one', async () => {
    const outbox = new RecordingOutbox()
    const consider = await appellant(outbox, 1)
    await Promise.all([consider(FIRST), consider(SECOND)])
    expect(outbox.pendingKeys()).to.deep.equal([keyOf(FIRST)])
  })

  it('counts one that was mined until its event comes, and no more where a reorg took it away', async () => {
    const outbox = new MiningOutbox()
    const consider = await appellant(outbox, 1)
    const sent = (): string[] => outbox.requests.map(({ key }) => key)
    await consider(FIRST)
    await consider(SECOND)
    expect(sent()).to.deep.equal([keyOf(FIRST)])
    // No event of it in these blocks, nor soon after them.
    await network.chain.mine(40)
    await follow()
    await consider(SECOND)
    expect(sent()).to.deep.equal([FIRST, SECOND].map(keyOf))
    await follow([await appealed(SECOND)])
    await network.chain.mine(40)
    await follow()
    await consider(THIRD)
    expect(sent()).to.deep.equal([FIRST, SECOND].map(keyOf))
  })
})
