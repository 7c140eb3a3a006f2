import { expect } from 'chai'
import { hexlify, JsonRpcProvider, randomBytes, Wallet, type Log } from 'ethers'
import { connect, type Contracts } from '../../sdk/src/chain/connect.js'
import type { Cursor, EventBatch, FollowOptions } from '../../sdk/src/chain/followEvents.js'
import { followEvents } from '../../sdk/src/chain/followEvents.js'
import { LogReader } from '../../sdk/src/chain/LogReader.js'
import { readEvents } from '../../sdk/src/chain/readEvents.js'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { createClient } from '../../sdk/src/client/createClient.js'
import { systemClock, type Clock } from '../../sdk/src/clock.js'
import { startNetwork, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

describe('chain: connection and events', function () {
  this.timeout(60_000)
  let network: Network
  let contracts: Contracts

  before(async () => {
    network = await startNetwork()
    contracts = await connect(network.deployment, network.owner)
  })
  after(() => network.chain.stop())

  it('refuses another chain, missing and different contracts, and an endpoint that is down', async () => {
    const { deployment, chain } = network
    const wrong = await rejected(connect({ ...deployment, chainId: 1 }, rpcProvider(chain.url, 1)), 'CHAIN_WRONG')
    expect(wrong.details).to.deep.equal({ have: 31_337, want: 1 })
    const nobody = Wallet.createRandom().address
    const missing = await rejected(
      connect({ ...deployment, market: nobody as '0x' }, chain.provider),
      'CHAIN_CONTRACT_MISSING',
    )
    expect(missing.details).to.deep.equal({ role: 'market', address: nobody })
    const codeHashes = { ...deployment.codeHashes, registry: `0x${'00'.repeat(32)}` as const }
    await rejected(connect({ ...deployment, codeHashes }, chain.provider), 'CHAIN_CONTRACT_DIFFERENT')
    await rejected(connect({ ...deployment, market: '0x1234' }, chain.provider), 'CHAIN_HEX_INVALID')
    const down = await rejected(connect(deployment, rpcProvider('http://127.0.0.1:1', 31_337)), 'CHAIN_RPC_UNAVAILABLE')
    expect(down.retryable).to.equal(true)
    await rejected(connect(deployment, Wallet.createRandom()), 'CHAIN_SIGNER_MISSING')
    await rejected(createClient({ deployment }), 'CLIENT_OPTION_MISSING')
  })

  it('a node that has not read the chain as far as the contracts is waited for', async () => {
    const { deployment, chain } = network
    const missing = { ...deployment, market: Wallet.createRandom().address as '0x' }
    const early = await rejected(connect({ ...missing, fromBlock: 1_000_000 }, chain.provider), 'CHAIN_NOT_SYNCED')
    expect(early.message).to.match(/^the newest block of the endpoint is \d+, .* from block 1000000 on$/)
    expect(early.retryable).to.equal(true)
    // One that takes the state of a newest block at once has its number before its contracts.
    const reading = new (class extends JsonRpcProvider {
      override send(method: string, params: unknown[]): Promise<unknown> {
        if (method === 'eth_syncing') return Promise.resolve({ currentBlock: '0x1', highestBlock: '0xffffff' })
        return super.send(method, params)
      }
    })(chain.url)
    try {
      await rejected(connect(missing, reading), 'CHAIN_NOT_SYNCED')
    } finally {
      reading.destroy()
    }
  })

  it('says what stops a transaction: no signer, no gas money, a contract', async () => {
    const { deployment, chain } = network
    const reader = await createClient({ deployment, provider: chain.provider })
    await rejected(reader.deposit({ amount: 1n }), 'CLIENT_OPTION_MISSING')
    const poor = await createClient({ deployment, signer: Wallet.createRandom(chain.provider), pollMs: 50 })
    await rejected(poor.deposit({ amount: 0n }), 'CHAIN_GAS_FUNDS_LOW')
    const client = await network.client()
    const error = await rejected(client.assign({ workload: `0x${'00'.repeat(32)}` }), 'CONTRACT_WRONG_PHASE')
    expect(error.details).to.include({ have: 'None', want: 'Pending' })
    expect(error.message).to.match(/^assigning: workload 0x0+ is None, this needs Pending$/)
  })

  it('reads past events by filter', async () => {
    const names = async (filter: Parameters<typeof readEvents>[1]) => {
      const found: string[] = []
      for await (const event of readEvents(contracts, filter)) found.push(event.name)
      return found
    }
    expect(await names({ names: ['RulesAdded', 'ClassTermsSet', 'ClassBondSet'] })).to.have.members([
      'RulesAdded',
      'ClassTermsSet',
      'ClassBondSet',
      // The class of the validators has a bond and no terms: it takes no workloads.
      'ClassBondSet',
    ])
    expect(await names({ seat: 2 })).to.deep.equal(['Staked', 'Joined'])
    expect(await names({ fromBlock: (await network.chain.provider.getBlockNumber()) + 1 })).to.deep.equal([])
  })

  /** Takes batches until there was nothing new for ten looks in a row, however long they take. */
  async function take(options: FollowOptions = {}): Promise<EventBatch[]> {
    const batches: EventBatch[] = []
    const over = new AbortController()
    let idle = 0
    const sleep: Clock['sleep'] = (milliseconds, signal) => {
      if (++idle === 10) over.abort()
      return systemClock.sleep(milliseconds, signal)
    }
    const following = { pollMs: 20, signal: over.signal, clock: { ...systemClock, sleep } }
    try {
      for await (const batch of followEvents(contracts, { ...following, ...options })) {
        idle = 0
        batches.push(batch)
      }
    } catch (error) {
      if (!over.signal.aborted) throw error
    }
    return batches
  }
  /** Takes batches up to the block that is the newest now. */
  async function toHead(of: Contracts, cursor: Cursor): Promise<EventBatch[]> {
    const head = await network.chain.provider.getBlockNumber()
    const batches: EventBatch[] = []
    for await (const batch of followEvents(of, { cursor, pollMs: 20 })) {
      batches.push(batch)
      if (batch.kind === 'events' && batch.to.number === head) break
    }
    return batches
  }
  const eventsIn = (batches: readonly EventBatch[]) =>
    batches.flatMap((batch) => (batch.kind === 'events' ? batch.events : []))
  const burn = async () => (await contracts.market.burnFees([])).wait()

  it('reads on behind a text that is none: whoever deploys a program chooses its bytes', async () => {
    const { market, addresses } = contracts
    const spec = { prover: hexlify(randomBytes(32)), verifierProgram: `0x${'0'.repeat(64)}`, verifier: network.verifier, verifierGas: 300_000, class: 1, bindsProver: false } // prettier-ignore
    const data = market.interface.encodeFunctionData('deployProgram', [spec, 'X'.repeat(9)])
    const sent = await network.owner.sendTransaction({
      to: addresses.market,
      data: data.replace('58'.repeat(9), `ff${'eda080'.repeat(2)}0041`),
    })
    await sent.wait()
    const uris: string[] = []
    for await (const event of readEvents(contracts, { fromBlock: sent.blockNumber ?? 0 })) {
      if (event.name === 'ProgramDeployed') uris.push(event.args.uri)
    }
    expect(uris.at(-1)).to.match(/^\ufffd+\0A$/)
  })

  it('follows events, resumes from a cursor, and leaves out young blocks when asked to', async () => {
    const first = await take()
    expect(eventsIn(first).filter(({ name }) => name === 'Staked')).to.have.length(8)
    const cursor = first.at(-1)!.cursor
    expect(await take({ cursor })).to.deep.equal([])
    await burn()
    const fresh = await take({ cursor: JSON.parse(JSON.stringify(cursor)) as typeof cursor })
    expect(eventsIn(fresh).map(({ name }) => name)).to.deep.equal(['FeesBurned'])
    expect(eventsIn(await take({ cursor, confirmations: 2 }))).to.deep.equal([])
    await network.chain.mine(2)
    expect(eventsIn(await take({ cursor, confirmations: 2 }))).to.have.length(1)
  })

  it('finds a reorg by hash, says from where to redo, and reports what took the place', async () => {
    const { provider } = network.chain
    const before = (await take()).at(-1)!.cursor
    await burn()
    await network.chain.mine(1)
    const seen = await take({ cursor: before })
    expect(eventsIn(seen)).to.have.length(1)
    await provider.send('anvil_reorg', [2, []])
    await burn()
    await burn()
    const [reorg, ...rest] = await take({ cursor: seen.at(-1)!.cursor })
    expect(reorg).to.include({ kind: 'reorg', redoFrom: before.next })
    expect(eventsIn(rest)).to.have.length(2)
    expect(rest.every(({ kind }) => kind === 'events')).to.equal(true)
  })

  it('finds a reorg that comes between two of its questions', async () => {
    const { provider } = network.chain
    const before = (await take()).at(-1)!.cursor
    await burn()
    const seen = (await toHead(contracts, before)).at(-1)!
    expect(eventsIn([seen])).to.have.length(1)
    await network.chain.mine(100)
    // Just after it has found the last block that it knows where it was.
    let isDue = true
    const moving = watched(contracts, async (block) => {
      if (!isDue || block !== seen.cursor.next - 1) return
      isDue = false
      await provider.send('anvil_reorg', [101, []])
    })
    const [reorg, ...rest] = await toHead(moving, seen.cursor)
    expect(isDue).to.equal(false)
    expect(reorg).to.include({ kind: 'reorg', redoFrom: before.next })
    expect(eventsIn(rest)).to.deep.equal([])
  })

  it('starts over after a reorg deeper than all it remembers', async () => {
    const end = (await take()).at(-1)!.cursor
    const strangers = end.checkpoints.map(({ number }) => ({ number, hash: `0x${'dd'.repeat(32)}` }))
    const [reorg, ...rest] = await take({ cursor: { ...end, checkpoints: strangers } })
    expect(reorg).to.include({ kind: 'reorg', redoFrom: contracts.fromBlock })
    expect(eventsIn(rest).filter(({ name }) => name === 'Staked')).to.have.length(8)
  })

  it('waits for a node that lags, and for an endpoint that fails for a while', async () => {
    const end = (await take()).at(-1)!.cursor
    const ahead = { number: end.next + 10, hash: `0x${'ee'.repeat(32)}` }
    expect(
      await take({ cursor: { ...end, next: ahead.number + 1, checkpoints: [...end.checkpoints, ahead] } }),
    ).to.deep.equal([])

    let failures = 3
    const flaky = failing(contracts, () => failures-- > 0)
    const signal = AbortSignal.timeout(10_000)
    const batch = await followEvents(flaky, { pollMs: 5, signal }).next()
    expect(batch.value).to.include({ kind: 'events', from: contracts.fromBlock })
    expect(failures).to.be.lessThan(0)

    const dead = failing(contracts, () => true)
    await rejected(followEvents(dead, { pollMs: 5, patienceMs: 50 }).next(), 'CHAIN_RPC_UNAVAILABLE')
  })

  it('reads again what an endpoint had left out, and takes what it doubles once', async () => {
    const before = (await take()).at(-1)!.cursor
    await burn()
    const { provider } = network.chain
    const burnt = await provider.getBlockNumber()
    let fault: 'leaves out' | 'doubles' | 'none' = 'leaves out'
    const lying = answering(contracts, (logs) => {
      if (fault === 'doubles') return [...logs, ...logs]
      return fault === 'none' ? logs : logs.filter(({ blockNumber }) => blockNumber !== burnt)
    })
    const short = await toHead(lying, before)
    expect(eventsIn(short)).to.deep.equal([])
    // While it says the same each time there is nothing to find.
    await network.chain.mine(20)
    const later = await toHead(lying, short.at(-1)!.cursor)
    expect(later.map(({ kind }) => kind)).to.deep.equal(['events'])
    fault = 'none'
    await network.chain.mine(1)
    const [redo, ...rest] = await toHead(lying, later.at(-1)!.cursor)
    expect(redo).to.include({ kind: 'reorg', because: 'incomplete', redoFrom: before.next })
    expect(eventsIn(rest).map(({ name }) => name)).to.deep.equal(['FeesBurned'])
    // And only once.
    fault = 'doubles'
    await burn()
    await network.chain.mine(20)
    const end = await toHead(lying, rest.at(-1)!.cursor)
    expect(end.map(({ kind }) => kind)).to.deep.equal(['events'])
    expect(eventsIn(end)).to.have.length(1)
    await network.chain.mine(20)
    expect(eventsIn(await toHead(lying, end.at(-1)!.cursor))).to.deep.equal([])
  })

  it('asks for smaller ranges where the endpoint wants them', async () => {
    const asked: number[] = []
    const provider = new Proxy(contracts.provider, {
      get(target, name) {
        if (name !== 'getLogs') return bound(target, name)
        return async (filter: { fromBlock: number; toBlock: number }) => {
          const blocks = filter.toBlock - filter.fromBlock + 1
          asked.push(blocks)
          if (blocks > 3) throw new Error('query returned more than 10000 results')
          return target.getLogs(filter)
        }
      },
    })
    const all: string[] = []
    for await (const event of readEvents({ ...contracts, provider }, { names: ['Staked'] })) all.push(event.name)
    expect(all).to.have.length(8)
    expect(asked.some((blocks) => blocks <= 3)).to.equal(true)
  })

  it('asks for shorter ranges where blocks are full, so that few logs are in memory at a time', async () => {
    const asked: { readonly blocks: number; readonly logs: number }[] = []
    // Each log a thousand times: of the same place, so that it is one.
    const provider = new Proxy(contracts.provider, {
      get(target, name) {
        if (name !== 'getLogs') return bound(target, name)
        return async (filter: { fromBlock: number; toBlock: number }) => {
          const logs = (await target.getLogs(filter)).flatMap((log) => Array.from({ length: 1_000 }, () => log))
          asked.push({ blocks: filter.toBlock - filter.fromBlock + 1, logs: logs.length })
          return logs
        }
      },
    })
    await network.chain.mine(60)
    const full = { ...contracts, provider }
    const reader = new LogReader(full, {})
    const { fromBlock } = contracts
    expect(reader.endOfRange(fromBlock, 1e9)).to.equal(fromBlock + 1_999)
    const head = await contracts.provider.getBlockNumber()
    const read = await reader.read(fromBlock, head)
    const [{ blocks, logs }] = asked as [{ blocks: number; logs: number }]
    expect(logs).to.be.greaterThan(5_000)
    expect(read).to.have.length(logs / 1_000)
    const next = reader.endOfRange(fromBlock, 1e9) - fromBlock + 1
    expect(next).to.equal(Math.floor((5_000 * blocks) / logs))
    // Empty blocks let it grow again.
    await network.chain.mine(next)
    await reader.read(head + 1, head + next)
    expect(reader.endOfRange(0, 1e9) + 1).to.equal(2 * next)
  })
})

/** The contracts behind an endpoint that changes what it tells of logs. */
function answering(contracts: Contracts, change: (logs: readonly Log[]) => readonly Log[]): Contracts {
  const provider = new Proxy(contracts.provider, {
    get(target, name) {
      if (name !== 'getLogs') return bound(target, name)
      return async (filter: Parameters<typeof target.getLogs>[0]) => change(await target.getLogs(filter))
    },
  })
  return { ...contracts, provider }
}

/** The contracts behind an endpoint that refuses to answer whenever `fails` says so. */
function failing(contracts: Contracts, fails: () => boolean): Contracts {
  const provider = new Proxy(contracts.provider, {
    get(target, name) {
      if (name !== 'getBlock') return bound(target, name)
      return async (block: number) => {
        if (fails()) throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
        return target.getBlock(block)
      }
    },
  })
  return { ...contracts, provider }
}

/** The contracts behind an endpoint to which something happens after it was asked for a block. */
function watched(contracts: Contracts, asked: (block: number) => Promise<void>): Contracts {
  const provider = new Proxy(contracts.provider, {
    get(target, name) {
      if (name !== 'getBlock') return bound(target, name)
      return async (tag: number) => {
        const block = await target.getBlock(tag)
        await asked(tag)
        return block
      }
    },
  })
  return { ...contracts, provider }
}

function bound(target: Contracts['provider'], name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name)
  return typeof value === 'function' ? (value.bind(target) as unknown) : value
}
