import { expect } from 'chai'
import type { JsonRpcProvider } from 'ethers'
import { setImmediate } from 'node:timers/promises'
import type { CallOptions } from '../../sdk/src/client/call.js'
import type { Client } from '../../sdk/src/client/Client.js'
import { createClient, type GevulotClient } from '../../sdk/src/client/createClient.js'
import { rpcProvider } from '../../sdk/src/chain/rpcProvider.js'
import { systemClock, type Clock } from '../../sdk/src/clock.js'
import { generateDeliveryKey } from '../../sdk/src/crypto/DeliveryKey.js'
import * as sdk from '../../sdk/src/index.js'
import { FaultyRpc } from '../support/network/FaultyRpc.js'
import { aProgram, PROOF, PUBLIC_INPUTS, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'

type Exports = typeof sdk
type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false
type FunctionOf<Name extends keyof Exports> = Extract<Exports[Name], (...values: never[]) => unknown>
/** Everything that the package exports and that takes a client first. */
type ActionName = {
  [Name in keyof Exports]: Exports[Name] extends (...values: never[]) => unknown
    ? Same<Parameters<FunctionOf<Name>>[0], Client> extends true
      ? Name
      : never
    : never
}[keyof Exports]
type Tail<Values extends readonly unknown[]> = Values extends readonly [unknown, ...infer Rest] ? Rest : never
type Last<Values extends readonly unknown[]> =
  Required<Values> extends readonly [...unknown[], infer Value] ? Value : never
type Without = {
  [Name in ActionName]: keyof CallOptions extends keyof NonNullable<Last<Parameters<FunctionOf<Name>>>> ? never : Name
}[ActionName]

/** Does not compile when an action is exported that takes no signal or no settings: the error names it. */
const everyActionTakesThem: [Without] extends [never] ? true : Without = true

const HEX = `0x${'11'.repeat(32)}` as const
const ACCOUNT = `0x${'11'.repeat(20)}` as const
const PROGRAM = { program: HEX, maxRunTime: 600 }
const REQUEST = { ...PROGRAM, inputs: someInputs(), fee: TOKEN }
const PROVEN = { workload: HEX, program: HEX, prover: ACCOUNT, proof: PROOF }
const PREFIX = `0x1220${'11'.repeat(32)}`

/** A call of each. One that is exported and not here does not compile. */
const CALLS: { readonly [Name in ActionName]: (options: CallOptions) => Tail<Parameters<FunctionOf<Name>>> } = {
  appeal: (options) => [{ workload: HEX, ...options }],
  assign: (options) => [{ workload: HEX, ...options }],
  cancel: (options) => [{ workload: HEX, ...options }],
  claimRewards: (options) => [options],
  clear: (options) => [{ workload: HEX, ...options }],
  deployProgram: (options) => [{ prover: HEX, verifier: ACCOUNT, ...options }],
  deposit: (options) => [{ amount: TOKEN, ...options }],
  fetchProof: (options) => [{ workload: HEX, ...options }],
  findUnrecorded: (options) => [options],
  getBalance: (options) => [options],
  getBounty: (options) => [options],
  getDuties: (options) => [options],
  getJudging: (options) => [{ workload: HEX, ...options }],
  getPinnedProgram: (options) => [{ program: HEX, ...options }],
  getProgram: (options) => [{ program: HEX, ...options }],
  getRewards: (options) => [options],
  getSeats: (options) => [{ operator: ACCOUNT, ...options }],
  getWorkload: (options) => [{ workload: HEX, ...options }],
  joinSeats: (options) => [{ seats: [1], ...options }],
  leaveSeats: (options) => [{ seats: [1], ...options }],
  nameSubmitter: (options) => [{ key: ACCOUNT, until: 1, ...options }],
  openDeliveries: (options) => [{ workload: HEX as sdk.WorkloadId, slots: [] }, options],
  operatorHistory: (options) => [{ operator: ACCOUNT, ...options }],
  programHistory: (options) => [{ ...PROGRAM, ...options }],
  proveWithin: (options) => [{ ...REQUEST, escalation: { budget: 10n * TOKEN }, ...options }],
  publishInputs: (options) => [{ files: { public_inputs: PUBLIC_INPUTS } }, options],
  quote: (options) => [{ ...PROGRAM, ...options }],
  recordRewards: (options) => [{ workloads: [HEX], ...options }],
  release: (options) => [{ workload: HEX, ...options }],
  releaseWhenServed: (options) => [{ workload: HEX, ...options }],
  revokeSubmitter: (options) => [{ key: ACCOUNT, ...options }],
  settle: (options) => [{ workload: HEX, ...options }],
  settleMany: (options) => [{ workloads: [HEX], ...options }],
  slash: (options) => [{ workload: HEX, ...options }],
  stakeSeats: (options) => [{ count: 1, ...options }],
  submit: (options) => [{ ...REQUEST, ...options }],
  submitMany: (options) => [{ requests: [REQUEST, REQUEST], ...options }],
  submitterUntil: (options) => [{ operator: ACCOUNT, key: ACCOUNT, ...options }],
  topUpSeats: (options) => [{ seats: [1], ...options }],
  verifyProof: (options) => [{ ...PROVEN, publicInputs: PUBLIC_INPUTS, ...options }],
  verifyProofWithProgram: (options) => [{ ...PROVEN, inputs: PREFIX as never, cacheDirectory: '/nowhere', ...options }],
  waitForProof: (options) => [{ workload: HEX, ...options }],
  waitForProofs: (options) => [{ workload: HEX, ...options }],
  watchWorkload: (options) => [{ workload: HEX, ...options }],
  watchWorkloads: (options) => [{ workloads: [HEX], ...options }],
  withdraw: (options) => [{ amount: TOKEN, ...options }],
  withdrawAppeals: (options) => [options],
  withdrawBounty: (options) => [options],
  withdrawSeats: (options) => [{ seats: [1], ...options }],
}

/** What nobody answers until told to, and how often it was asked. */
class Silence {
  asked = 0
  readonly #waiting: (() => void)[] = []

  ask(): Promise<never> {
    this.asked++
    return new Promise((_, reject) => this.#waiting.push(() => reject(new Error('no answer'))))
  }

  /** Everything that is asked fails now, so that whatever goes on would go on. */
  end(): void {
    for (const answer of this.#waiting.splice(0)) answer()
  }

  /** An object whose every method is silent. */
  as<Target extends object>(): Target {
    return new Proxy({} as Target, { get: () => () => this.ask() })
  }
}

/** Counts the sleepers. */
class CountingClock implements Clock {
  sleeping = 0
  readonly naps: number[] = []

  now(): number {
    return systemClock.now()
  }

  elapsed(): number {
    return systemClock.elapsed()
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    this.sleeping++
    this.naps.push(milliseconds)
    try {
      await systemClock.sleep(milliseconds, signal)
    } finally {
      this.sleeping--
    }
  }
}

describe('client: what every action takes', function () {
  this.timeout(60_000)
  let network: Network
  let client: GevulotClient
  let provider: JsonRpcProvider
  const clock = new CountingClock()
  const silence = new Silence()

  before(async () => {
    network = await startNetwork()
    const parts = { store: silence.as(), inbox: silence.as(), runtime: silence.as() } as Pick<
      Client,
      'store' | 'inbox' | 'runtime'
    >
    client = await network.client({ clock, deliveryKey: generateDeliveryKey(), ...parts })
    provider = client.contracts.provider as JsonRpcProvider
  })
  after(() => network.chain.stop())

  /** What a call comes to; of a watch, its first look. */
  function outcome(name: ActionName, options: CallOptions): Promise<unknown> {
    const action = sdk[name] as (client: Client, ...rest: readonly unknown[]) => Promise<unknown> | AsyncGenerator
    const result = action(client, ...CALLS[name](options))
    return 'next' in result ? result.next() : result
  }
  const failureOf = (promise: Promise<unknown>) =>
    promise.then(
      () => new Error('nothing failed'),
      (error: unknown) => error,
    )

  /** Tells of the transactions that the endpoint has taken. */
  async function whileNothingIsMined(act: (taken: readonly unknown[]) => Promise<void>): Promise<void> {
    const send = provider.send.bind(provider)
    const taken: unknown[] = []
    await send('evm_setAutomine', [false])
    await send('evm_setIntervalMining', [0])
    Object.assign(provider, {
      send: async (method: string, values: unknown[]) => {
        const result: unknown = await send(method, values)
        if (method === 'eth_sendRawTransaction') taken.push(result)
        return result
      },
    })
    try {
      await act(taken)
    } finally {
      Reflect.deleteProperty(provider, 'send')
      await provider.send('evm_setAutomine', [true])
      await provider.send('evm_mine', [])
    }
  }

  async function silently(act: () => Promise<void>): Promise<void> {
    Object.assign(provider, { send: () => silence.ask() })
    try {
      await act()
    } finally {
      silence.end()
      Reflect.deleteProperty(provider, 'send')
    }
  }

  it('nothing is exported that is not tried here', () => {
    expect(everyActionTakesThem).to.equal(true)
    expect(Object.keys(CALLS)).to.include.members(Object.keys(client).filter((name) => typeof client[name as keyof GevulotClient] === 'function')) // prettier-ignore
  })

  for (const name of Object.keys(CALLS) as ActionName[]) {
    it(`${name} asks nobody when its signal was aborted before`, () =>
      silently(async () => {
        const reason = new Error('I have thought better of it')
        silence.asked = 0
        expect(await failureOf(outcome(name, { signal: AbortSignal.abort(reason) }))).to.equal(reason)
        expect(silence.asked).to.equal(0)
      }))

    it(`${name} ends with the reason of its signal while nobody answers, and leaves nothing behind`, () =>
      silently(async () => {
        const reason = new Error('I have thought better of it')
        const stop = new AbortController()
        silence.asked = 0
        const failure = failureOf(outcome(name, { signal: stop.signal }))
        // A provider collects for some milliseconds what it asks.
        for (let looks = 0; looks < 500 && silence.asked === 0; looks++) await systemClock.sleep(2)
        expect(silence.asked).to.be.greaterThan(0)
        stop.abort(reason)
        expect(await failure).to.equal(reason)
        const { asked } = silence
        silence.end()
        for (let turns = 0; turns < 20; turns++) await setImmediate()
        expect(silence.asked).to.equal(asked)
        expect(clock.sleeping).to.equal(0)
      }))
  }

  it('settings of one call count for it and for no other', async () => {
    clock.naps.length = 0
    const stop = new AbortController()
    const options = { workload: HEX, signal: stop.signal }
    const watching = client.watchWorkload({ ...options, settings: { pollMs: 7 } }).next()
    const usual = client.watchWorkload(options).next()
    const failures = Promise.all([failureOf(watching), failureOf(usual)])
    for (let looks = 0; looks < 500 && !(clock.naps.includes(7) && clock.naps.includes(50)); looks++) {
      await systemClock.sleep(5)
    }
    stop.abort()
    expect(await failures).to.deep.equal([stop.signal.reason, stop.signal.reason])
    expect(clock.naps).to.include.members([7, 50])
    expect(client.settings.pollMs).to.equal(50)
  })

  it('a transaction that is on its way keeps its place: the next one of the client does not take its nonce', async () => {
    const send = provider.send.bind(provider)
    let sent: (() => void) | undefined
    const held = new Promise<void>((resolve) => (sent = resolve))
    let reached: (() => void) | undefined
    const arrived = new Promise<void>((resolve) => (reached = resolve))
    let first = true
    Object.assign(provider, {
      send: async (method: string, values: unknown[]) => {
        if (method === 'eth_sendRawTransaction' && first) {
          first = false
          reached?.()
          await held
        }
        return send(method, values) as Promise<unknown>
      },
    })
    try {
      const stop = new AbortController()
      const before = await provider.getTransactionCount(network.requester.address)
      const aborted = failureOf(client.deposit({ amount: TOKEN, signal: stop.signal }))
      await arrived
      stop.abort()
      expect(await aborted).to.equal(stop.signal.reason)
      const next = client.withdraw({ amount: 0n })
      sent?.()
      await next
      expect(await provider.getTransactionCount(network.requester.address)).to.equal(before + 2)
    } finally {
      Reflect.deleteProperty(provider, 'send')
    }
  })

  it('a submission that is on its way when its call ends has its nonce: the next one takes another', async () => {
    await client.deposit({ amount: 100n * TOKEN })
    const program = await aProgram(network, client)
    const { minimumFee: fee } = await client.quote({ program, maxRunTime: 600 })
    const request = { program, fee, maxRunTime: 600 }
    const { nonce } = await client.getBalance()
    await whileNothingIsMined(async (taken) => {
      const stop = new AbortController()
      const aborted = failureOf(client.submit({ ...request, inputs: someInputs(), signal: stop.signal }))
      while (taken.length === 0) await systemClock.sleep(5)
      stop.abort()
      expect(await aborted).to.equal(stop.signal.reason)
      const next = client.submit({ ...request, inputs: someInputs() })
      // It waits for its turn: nothing more is sent while the nonce of the first one is not in the chain.
      await systemClock.sleep(500)
      expect(taken).to.have.length(1)
      await provider.send('evm_setAutomine', [true])
      await provider.send('evm_mine', [])
      const { created } = await next
      expect(created).to.equal(true)
      expect((await client.getBalance()).nonce).to.equal(nonce + 2)
    })
  })

  it('a call that ends while its transaction is on its way leaves nothing that could fail unheard', async () => {
    await client.deposit({ amount: 100n * TOKEN })
    const program = await aProgram(network, client)
    const { minimumFee: fee } = await client.quote({ program, maxRunTime: 600 })
    const request = { program, fee, maxRunTime: 600, inputs: someInputs() }
    const unheard: unknown[] = []
    const note = (reason: unknown): void => void unheard.push(reason)
    process.on('unhandledRejection', note)
    try {
      await whileNothingIsMined(async (taken) => {
        for (const act of [
          (options: CallOptions) => client.withdraw({ amount: 0n, ...options }),
          (options: CallOptions) => client.submit({ ...request, ...options }),
        ]) {
          const stop = new AbortController()
          const before = taken.length
          const aborted = failureOf(act({ signal: stop.signal, settings: { transactionTimeoutMs: 3_000, pollMs: 50 } }))
          while (taken.length === before) await systemClock.sleep(5)
          stop.abort()
          expect(await aborted).to.equal(stop.signal.reason)
        }
        // Long enough that whoever still looks for one of them counts it as lost.
        await systemClock.sleep(4_000)
      })
    } finally {
      process.off('unhandledRejection', note)
    }
    expect(unheard).to.deep.equal([])
  })

  describe('behind an endpoint that does not answer', () => {
    let rpc: FaultyRpc
    let slow: JsonRpcProvider

    beforeEach(async () => {
      rpc = await FaultyRpc.start(network.chain.url)
      slow = rpcProvider(rpc.url, network.deployment.chainId)
    })
    afterEach(() => rpc.stop())

    const until = async (isSo: () => boolean): Promise<void> => {
      for (let looks = 0; looks < 1_000 && !isSo(); looks++) await systemClock.sleep(5)
      expect(isSo()).to.equal(true)
    }

    for (const signs of [true, false]) {
      it(`the request of a call that ends is broken off, with ${signs ? 'a signer' : 'a provider'}`, async () => {
        const runner = signs ? { signer: network.requester.connect(slow) } : { provider: slow }
        const behind = await createClient({ deployment: network.deployment, ...runner, pollMs: 50 })
        rpc.fault = 'stalls'
        for (const act of ['getBalance', 'getWorkload', 'quote'] as const) {
          const { spoiled, left } = rpc
          const stop = new AbortController()
          const options = { signal: stop.signal, workload: HEX, program: HEX, maxRunTime: 600, account: ACCOUNT }
          const failure = failureOf(behind[act](options))
          await until(() => rpc.spoiled > spoiled)
          expect(rpc.left, act).to.equal(left)
          stop.abort()
          expect(await failure).to.equal(stop.signal.reason)
          await until(() => rpc.left === left + rpc.spoiled - spoiled)
        }
        // It says nothing of the endpoint: whoever asks next is answered.
        rpc.fault = 'none'
        expect(await behind.contracts.provider.getBlockNumber()).to.be.greaterThan(0)
      })
    }

    it('a request that somebody else waits for too is not', async () => {
      const behind = await createClient({ deployment: network.deployment, provider: slow })
      rpc.fault = 'stalls'
      const { spoiled, left } = rpc
      const [first, second] = [new AbortController(), new AbortController()]
      const failures = [first, second].map(({ signal }) => failureOf(behind.getBalance({ account: network.requester.address, signal } as never))) // prettier-ignore
      await until(() => rpc.spoiled > spoiled)
      expect(rpc.spoiled, 'one request carries both').to.equal(spoiled + 1)
      first.abort()
      expect(await failures[0]).to.equal(first.signal.reason)
      await systemClock.sleep(100)
      expect(rpc.left).to.equal(left)
      second.abort()
      expect(await failures[1]).to.equal(second.signal.reason)
      await until(() => rpc.left === left + 1)
    })

    it('a wait for a proof that ends there says that it did not answer, and not only that no proof came', async () => {
      const behind = await createClient({ deployment: network.deployment, provider: slow, pollMs: 50 })
      rpc.fault = 'breaks'
      const error = (await failureOf(behind.waitForProof({ workload: HEX, timeoutMs: 2_000 }))) as Error
      expect(error).to.include({ code: 'CLIENT_WAIT_TIMEOUT' })
      expect(error.cause).to.include({ code: 'CHAIN_RPC_UNAVAILABLE' })
      expect(error.message).to.match(/in time; at last .*the RPC endpoint failed/)
    })

    it('one that is destroyed ends at once who looks for a transaction, and names it', async () => {
      const behind = await createClient({
        deployment: network.deployment,
        signer: network.requester.connect(slow),
        pollMs: 50,
        transactionTimeoutMs: 600_000,
      })
      const sent = () => provider.getTransactionCount(network.requester.address, 'pending')
      await whileNothingIsMined(async () => {
        const before = await sent()
        const failure = failureOf(behind.withdraw({ amount: 0n }))
        while ((await sent()) === before) await systemClock.sleep(5)
        slow.destroy()
        const error = await failure
        expect(error).to.include({ code: 'CHAIN_PROVIDER_DESTROYED', retryable: false })
        expect(String(error)).to.match(/reading the receipt of 0x[0-9a-f]{64}: the provider was destroyed/)
      })
    })

    it('one of several is not set aside for it', async () => {
      const other = await FaultyRpc.start(network.chain.url)
      const both = rpcProvider([rpc.url, other.url], network.deployment.chainId)
      await both.assertChain()
      const behind = await createClient({ deployment: network.deployment, provider: both })
      rpc.fault = 'stalls'
      const stop = new AbortController()
      const { spoiled } = rpc
      const failure = failureOf(behind.getBalance({ account: network.requester.address, signal: stop.signal } as never))
      await until(() => rpc.spoiled > spoiled)
      stop.abort()
      await failure
      await until(() => rpc.left > 0)
      expect(both.endpoints.map(({ isUp, failures }) => [isUp, failures.size])).to.deep.equal([[true, 0], [true, 0]]) // prettier-ignore
      both.destroy()
      await other.stop()
    })
  })
})
