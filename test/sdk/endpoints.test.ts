import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { keccak256, parseEther, Wallet } from 'ethers'

import { asChainError } from '../../sdk/src/chain/asChainError.js'
import type { EndpointProvider } from '../../sdk/src/chain/rpc/EndpointProvider.js'
import type { EndpointEvent } from '../../sdk/src/chain/rpc/EndpointState.js'
import type { Address } from '../../sdk/src/chain/hex.js'
import { rpcProvider, type RpcProviderOptions } from '../../sdk/src/chain/rpcProvider.js'
import { deployContract } from '../../sdk/src/deploy/deploy.js'
import { GevulotError } from '../../sdk/src/errors/GevulotError.js'
import { simulate } from '../../sdk/src/worker/publish/simulate.js'
import { CHAIN_ID, startLocalChain, type LocalChain } from '../support/localChain.js'
import { FaultyRpc } from '../support/network/FaultyRpc.js'
import { rejected } from '../support/rejected.js'

/** Of one that stalls; no sound one shall count as slow, however busy the machine is. */
const TIMEOUT_MS = 10_000
const NOBODY = `0x${'12'.repeat(20)}` as const

async function listening(server: Server): Promise<AddressInfo> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address() as AddressInfo
}

describe('chain: several endpoints', function () {
  this.timeout(120_000)
  let chain: LocalChain
  let rpcs: FaultyRpc[]
  let events: EndpointEvent[]
  let providers: EndpointProvider[]

  before(async () => {
    chain = await startLocalChain()
    await chain.mine(30)
  })
  after(() => chain.stop())
  beforeEach(async () => {
    rpcs = await Promise.all([1, 2, 3].map(() => FaultyRpc.start(chain.url)))
    events = []
    providers = []
  })
  afterEach(async () => {
    for (const provider of providers) provider.destroy()
    for (const rpc of rpcs) await rpc.stop()
  })

  /** A provider over the first `count` of them, all of which have been looked at. */
  async function open(count: number, options: RpcProviderOptions = {}): Promise<EndpointProvider> {
    const urls = rpcs.slice(0, count).map(({ url }) => url)
    const provider = rpcProvider(urls, CHAIN_ID, { timeoutMs: TIMEOUT_MS, lookMs: 50, lagBlocks: 2, ...options })
    provider.onEvent = (event) => void events.push(event)
    providers.push(provider)
    await provider.assertChain()
    return provider
  }

  /** Asks until something is so: health is looked at only while requests come. */
  async function until(provider: EndpointProvider, test: () => boolean): Promise<void> {
    for (const end = Date.now() + 20_000; !test(); await sleep(20)) {
      if (Date.now() > end) throw new Error(`in vain: ${JSON.stringify(events)}`)
      await provider.getBlockNumber().catch(() => undefined)
    }
  }

  const upOf = (provider: EndpointProvider): boolean[] => provider.endpoints.map(({ isUp }) => isUp)
  const currentOf = (provider: EndpointProvider): number => provider.endpoints.findIndex(({ isCurrent }) => isCurrent)
  const asked = (method: string): number[] => rpcs.map((rpc) => rpc.asked.get(method) ?? 0)

  it('asks the first one alone while it is sound', async () => {
    const provider = await open(2)
    for (let call = 0; call < 5; call++) await provider.getBalance(NOBODY)
    expect(asked('eth_getBalance')).to.deep.equal([5, 0, 0])
    expect(events).to.deep.equal([])
  })

  for (const [fault, why] of [
    ['drops', 'unreachable'],
    ['stalls', 'slow'],
    ['limits', 'limits'],
    ['limits in words', 'limits'],
    ['breaks', 'broken'],
    ['garbles', 'garbled'],
  ] as const) {
    it(`one that ${fault}: the call goes to the next, and later ones too, until it is well`, async () => {
      const provider = await open(2, { lookMs: 60_000 })
      rpcs[0]!.fault = fault
      await chain.provider.send('anvil_setBalance', [NOBODY, '0x7'])
      const [balance, head] = await Promise.all([provider.getBalance(NOBODY), provider.getBlockNumber()])
      expect(balance).to.equal(7n)
      expect(head).to.be.greaterThanOrEqual(30)
      expect(currentOf(provider)).to.equal(1)
      expect(events[0]).to.include({ kind: 'aside', why })
      const before = rpcs[0]!.spoiled
      await provider.getBalance(NOBODY)
      expect(rpcs[0]!.spoiled, 'it is left alone').to.equal(before)
      const [state] = provider.endpoints
      expect(state?.failures.get(why)).to.be.greaterThan(0)
    })
  }

  it('a limit that is told in words is one, too, when the newest block is looked at', async () => {
    const provider = await open(2)
    rpcs[0]!.fault = 'limits in words'
    await provider.assertChain()
    expect(events[0]).to.include({ kind: 'aside', why: 'limits' })
  })

  it('comes back by itself, to the one that is preferred', async () => {
    const provider = await open(2)
    rpcs[0]!.fault = 'drops'
    await until(provider, () => currentOf(provider) === 1)
    rpcs[0]!.fault = 'none'
    await until(provider, () => currentOf(provider) === 0)
    expect(events.map(({ kind }) => kind)).to.include.members(['aside', 'switch', 'back'])
  })

  it('all die and come back', async () => {
    const provider = await open(2)
    for (const rpc of rpcs) rpc.fault = 'drops'
    await until(provider, () => upOf(provider).every((isUp) => !isUp))
    const error = await provider.getBlockNumber().catch((cause: unknown) => asChainError(cause, 'asking'))
    expect(error).to.include({ code: 'CHAIN_RPC_UNAVAILABLE', retryable: true })
    for (const rpc of rpcs) rpc.fault = 'none'
    await until(provider, () => upOf(provider).every(Boolean))
    expect(await provider.getBlockNumber()).to.be.greaterThanOrEqual(30)
  })

  it('sets one aside that lags, not one that lags a little', async () => {
    rpcs[0]!.fault = 'old heads'
    const patient = await open(2, { lagBlocks: 3 })
    expect(upOf(patient)).to.deep.equal([true, true])
    const provider = await open(2, { lagBlocks: 2 })
    expect(upOf(provider)).to.deep.equal([false, true])
    expect(events.at(-1)).to.include({ kind: 'aside', why: 'behind' })
    // It is better than none.
    rpcs[1]!.fault = 'drops'
    expect(await provider.getBalance(NOBODY)).to.be.a('bigint')
  })

  it('does not follow one that boasts of a block it does not have', async () => {
    rpcs[0]!.fault = 'boasts'
    const provider = await open(2)
    await until(provider, () => events.some((event) => event.kind === 'aside' && event.why === 'ahead'))
    expect(upOf(provider)[0]).to.be.false
  })

  it('of three, one that forges its newest block convinces nobody', async () => {
    rpcs[0]!.fault = 'forges heads'
    const provider = await open(3)
    expect(upOf(provider)).to.deep.equal([false, true, true])
    expect(events).to.have.length(1)
    expect(events[0]).to.include({ kind: 'aside', why: 'ahead' })
  })

  it('names the endpoint that serves another chain, and does not wait for one that is down', async () => {
    rpcs[1]!.fault = 'wrong chain'
    const error = await rejected(open(2), 'CHAIN_WRONG')
    expect(error.message).to.include(`endpoint 2 ${new URL(rpcs[1]!.url).host} does not serve chain ${CHAIN_ID}`)
    rpcs[1]!.fault = 'drops'
    const provider = await open(2)
    expect(upOf(provider)).to.deep.equal([true, false])
    // When it comes back as one of another chain it stays aside, whatever happens to the other.
    rpcs[1]!.fault = 'wrong chain'
    await until(provider, () => events.some((event) => event.kind === 'aside' && event.why === 'wrongChain'))
    rpcs[0]!.fault = 'drops'
    await until(provider, () => upOf(provider).every((isUp) => !isUp))
    expect(await provider.getBalance(NOBODY).catch(() => 'none')).to.equal('none')
    expect(asked('eth_getBalance')[1]).to.equal(0)
  })

  describe('transactions', () => {
    /** A node takes one before it mines it. */
    const mined = (hash: string) => chain.provider.waitForTransaction(hash)

    async function signed(nonce?: number): Promise<{ readonly raw: string; readonly hash: string }> {
      const wallet = chain.account(3)
      const raw = await wallet.signTransaction({
        ...{ type: 2, chainId: CHAIN_ID, to: NOBODY, value: 1n, gasLimit: 21_000n },
        ...{ maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n },
        nonce: nonce ?? (await chain.provider.getTransactionCount(wallet.address)),
      })
      return { raw, hash: keccak256(raw) }
    }

    it('are sent to all, with one hash; that another has it already is success', async () => {
      const provider = await open(3)
      const { raw, hash } = await signed()
      expect((await provider.broadcastTransaction(raw)).hash).to.equal(hash)
      for (
        const end = Date.now() + 10_000;
        asked('eth_sendRawTransaction').some((count) => count === 0);
        await sleep(20)
      )
        if (Date.now() > end) throw new Error('not sent to all')
      await mined(hash)
      expect((await provider.getTransactionReceipt(hash))?.status).to.equal(1)
      expect(events).to.deep.equal([])
    })

    it('reach the chain while all endpoints but one fail', async () => {
      const provider = await open(3)
      rpcs[0]!.fault = 'stalls'
      rpcs[1]!.fault = 'limits in words'
      const { raw, hash } = await signed()
      expect((await provider.broadcastTransaction(raw)).hash).to.equal(hash)
      await mined(hash)
      expect((await provider.getTransactionReceipt(hash))?.status).to.equal(1)
    })

    it('count as refused only when all have refused them', async () => {
      const { raw } = await signed()
      rpcs[0]!.fault = 'is short of funds'
      const both = await open(2)
      rpcs[1]!.fault = 'stalls'
      const doubt = await both.broadcastTransaction(raw).catch((cause: unknown) => asChainError(cause, 'sending'))
      expect(doubt).to.include({ code: 'CHAIN_RPC_UNAVAILABLE' })
      rpcs[1]!.fault = 'is short of funds'
      const again = await open(2)
      const refusal = await again.broadcastTransaction(raw).catch((cause: unknown) => asChainError(cause, 'sending'))
      expect(refusal).to.include({ code: 'CHAIN_GAS_FUNDS_LOW' })
    })

    it('have a nonce that no endpoint alone can raise', async () => {
      const { address } = chain.account(3)
      const provider = await open(3, { lookMs: 60_000 })
      const nonce = await chain.provider.getTransactionCount(address)
      rpcs[0]!.fault = 'boasts'
      expect(await provider.getTransactionCount(address)).to.equal(nonce)
      rpcs[0]!.fault = 'drops'
      rpcs[1]!.fault = 'stalls'
      expect(await provider.getTransactionCount(address)).to.equal(nonce)
    })

    it('have a nonce that one of two cannot raise by a block that it has not got', async () => {
      const { address } = chain.account(3)
      const provider = await open(2, { lookMs: 60_000 })
      const nonce = await chain.provider.getTransactionCount(address)
      rpcs[0]!.fault = 'boasts'
      expect(await provider.getTransactionCount(address)).to.equal(nonce)
      // And the sound one is not behind for that.
      expect(events.map((event) => ('why' in event ? event.why : event.kind))).to.deep.equal(['ahead'])
    })
  })

  it('takes a limit for no revert, also when there is one endpoint only', async () => {
    const { address } = await deployToken()
    const call = {
      key: 'test',
      to: address,
      data: `0xa9059cbb${'00'.repeat(12)}${'12'.repeat(20)}${'00'.repeat(31)}01`,
    }
    for (const count of [1, 2]) {
      const provider = await open(count)
      const from = Wallet.createRandom().address as Address
      expect(await simulate(provider, from, call, 1_000_000n)).to.include({
        code: 'CONTRACT_ERC20_INSUFFICIENT_BALANCE',
      })
      for (const rpc of rpcs) rpc.fault = 'limits in words'
      const error = await simulate(provider, from, call, 1_000_000n).catch((cause: unknown) => cause)
      expect(error).to.be.instanceOf(GevulotError)
      expect(error).to.include({ code: 'CHAIN_RPC_UNAVAILABLE' })
      for (const rpc of rpcs) rpc.fault = 'none'
    }
  })

  async function deployToken(): Promise<{ readonly address: string }> {
    return deployContract(chain.account(0), 'GevulotToken', [chain.account(0).address, parseEther('1')])
  }

  it('does not hang on an endpoint that drips', async () => {
    const server: Server = createServer((_request, response) => {
      const timer = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(timer))
    })
    const drips = `http://127.0.0.1:${(await listening(server)).port}`
    try {
      const provider = rpcProvider([drips, rpcs[0]!.url], CHAIN_ID, { timeoutMs: TIMEOUT_MS })
      providers.push(provider)
      await provider.assertChain()
      expect(await provider.getBlockNumber()).to.be.greaterThanOrEqual(30)
      expect(provider.endpoints[0]?.failures.get('slow')).to.be.greaterThan(0)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('does not take in an answer without end', async () => {
    let isClosed: Promise<unknown> = Promise.resolve()
    const endless = createServer((_, response) => {
      isClosed = once(response, 'close')
      const part = Buffer.alloc(2 ** 20, ' ')
      const send = (): void => void (response.destroyed || response.write(part, send))
      send()
    })
    const { port } = await listening(endless)
    try {
      const urls = [`http://127.0.0.1:${port}`, rpcs[0]!.url]
      const provider = rpcProvider(urls, CHAIN_ID, { timeoutMs: 50_000, lookMs: 50 })
      provider.onEvent = (event) => void events.push(event)
      providers.push(provider)
      await provider.assertChain()
      expect(await provider.getBlockNumber()).to.be.at.least(30)
      expect(events.find(({ kind }) => kind === 'aside')).to.include({ why: 'garbled' })
      await isClosed
    } finally {
      endless.closeAllConnections()
      endless.close()
    }
  })

  it('follows one nowhere that redirects, and says where it would lead', async () => {
    const followed: string[] = []
    const other = createServer((request, response) => {
      followed.push(request.url ?? '')
      response.end('{}')
    })
    const { port } = await listening(other)
    const redirecting = createServer((_, response) => {
      response.writeHead(301, { location: `http://127.0.0.1:${port}/elsewhere` }).end()
    })
    const { port: first } = await listening(redirecting)
    try {
      const provider = rpcProvider(`http://127.0.0.1:${first}/`, CHAIN_ID)
      providers.push(provider)
      const error = asChainError(await provider.getBlockNumber().catch((cause: unknown) => cause), 'reading')
      expect(error).to.include({ code: 'CHAIN_RPC_UNAVAILABLE' })
      expect(error.message).to.include(`redirects to 127.0.0.1:${port}`)
      expect(followed).to.deep.equal([])
    } finally {
      for (const server of [other, redirecting]) server.close()
    }
  })

  it('reads receipts from whoever has them', async () => {
    const provider = await open(2)
    const sent = await chain.account(4).sendTransaction({ to: NOBODY, value: 1n })
    await sent.wait()
    expect((await provider.getTransactionReceipt(sent.hash))?.hash).to.equal(sent.hash)
    expect(asked('eth_getTransactionReceipt')).to.deep.equal([1, 0, 0])
    expect(await provider.getTransactionReceipt(`0x${'77'.repeat(32)}`)).to.equal(null)
    expect(asked('eth_getTransactionReceipt')).to.deep.equal([2, 1, 0])
  })
})
