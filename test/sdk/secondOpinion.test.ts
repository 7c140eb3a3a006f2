import { expect } from 'chai'
import { hexlify, randomBytes } from 'ethers'

import { connect, type Contracts } from '../../sdk/src/chain/connect.js'
import { followEvents, type EventBatch } from '../../sdk/src/chain/followEvents.js'
import type { EndpointEvent } from '../../sdk/src/chain/rpc/EndpointState.js'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { startNetwork, type Network } from '../support/network.js'
import { FaultyRpc } from '../support/network/FaultyRpc.js'

const NAMES = ['OperatorAdmitted'] as const

describe('chain: events that one of several endpoints leaves out', function () {
  this.timeout(60_000)
  let network: Network
  let rpcs: FaultyRpc[]
  let events: EndpointEvent[]

  before(async () => {
    network = await startNetwork()
  })
  after(() => network.chain.stop())
  beforeEach(async () => {
    rpcs = await Promise.all([1, 2].map(() => FaultyRpc.start(network.chain.url)))
    events = []
  })
  afterEach(async () => {
    for (const rpc of rpcs) await rpc.stop()
  })

  async function connected(): Promise<Contracts> {
    const urls = rpcs.map(({ url }) => url)
    const provider = rpcProvider(urls, network.deployment.chainId, { lookMs: 60_000 })
    provider.onEvent = (event) => void events.push(event)
    await provider.assertChain()
    return connect(network.deployment, provider)
  }

  /** Makes an event and answers its account. */
  async function admit(): Promise<string> {
    const account = hexlify(randomBytes(20))
    const { registry } = await connect(network.deployment, network.owner)
    await (await registry.admit(account, true)).wait()
    return account
  }

  /** Follows until the accounts are admitted as `test` wants, and answers all batches. */
  async function follow(
    contracts: Contracts,
    test: (admitted: readonly string[], batches: readonly EventBatch[]) => boolean,
  ): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(30_000)
    const batches: EventBatch[] = []
    let admitted: { readonly account: string; readonly block: number }[] = []
    for await (const batch of followEvents(contracts, { names: NAMES, pollMs: 20, signal })) {
      batches.push(batch)
      if (batch.kind === 'reorg') admitted = admitted.filter(({ block }) => block < batch.redoFrom)
      else
        for (const event of batch.events)
          if (event.name === 'OperatorAdmitted')
            admitted.push({ account: event.args.operator.toLowerCase(), block: event.at.block })
      const accounts = admitted.map(({ account }) => account)
      if (test(accounts, batches)) return accounts
      await network.chain.mine(1)
    }
    return []
  }

  it('of young blocks, for ever: they are read again from another one, once each', async () => {
    const contracts = await connected()
    rpcs[0]!.fault = 'leaves logs out'
    const account = await admit()
    const admitted = await follow(contracts, (accounts) => accounts.includes(account))
    expect(admitted.filter((each) => each === account)).to.have.length(1)
    expect(events).to.deep.include({ kind: 'aside', endpoint: events[0]!.endpoint, why: 'omits', seconds: 60 })
    expect(events.at(-1)).to.include({ kind: 'switch' })
  })

  it('of old blocks: both are asked at once', async () => {
    const account = await admit()
    await network.chain.mine(100)
    const contracts = await connected()
    rpcs[0]!.fault = 'leaves logs out'
    const admitted = await follow(contracts, (accounts, [first]) => {
      // Nothing had to be redone.
      expect(first?.kind).to.equal('events')
      return accounts.includes(account)
    })
    expect(admitted.filter((each) => each === account)).to.have.length(1)
    expect(events[0]).to.include({ kind: 'aside', why: 'omits' })
  })

  it('says nothing of the first when the second one is on another branch, or leaves out itself', async () => {
    const account = await admit()
    await network.chain.mine(100)
    const contracts = await connected()
    rpcs[1]!.fault = 'other branch'
    await follow(contracts, (accounts, batches) => accounts.includes(account) && batches.length > 20)
    rpcs[1]!.fault = 'leaves logs out'
    await follow(contracts, (accounts, batches) => accounts.includes(account) && batches.length > 20)
    expect(rpcs[1]!.spoiled).to.be.greaterThan(0)
    expect(events).to.deep.equal([])
  })
})
