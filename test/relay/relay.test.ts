import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { computeAddress, hexlify, id, parseEther, randomBytes, Wallet } from 'ethers'
import {
  digestOfAction,
  isAct,
  signAction,
  signerOfAction,
  toAddress,
  type Action,
  type Hex,
} from '../../sdk/src/chain/index.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { systemClock, type Clock } from '../../sdk/src/clock.js'
import { startRelay, type RelayLimits, type RelayOptions, type RunningRelay } from '../../sdk/src/relay/index.js'
import { toBody } from '../../sdk/src/relay/wire.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { aProgram, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'

interface Answer {
  readonly code: number
  readonly status?: string
  readonly transaction?: string
  readonly error?: { readonly code: string; readonly message: string }
}

/** For a relay that says how each act ended, however busy the machine is. Otherwise it says after a moment that it has sent the act. */
const patientClock: Clock = {
  ...systemClock,
  sleep: (milliseconds, signal) =>
    milliseconds > 1_000 ? new Promise(() => undefined) : systemClock.sleep(milliseconds, signal),
}

// The relay as it is served, against a real chain: everything it takes is signed here, and everything it refuses is told apart.
describe('relay server', function () {
  this.timeout(120_000)
  let network: Network
  let client: GevulotClient
  let program: Hex
  let operator: Wallet
  let directory: string
  let relay: RunningRelay
  /** Serves every test that changes no limit. */
  let common: RunningRelay

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 10_000n * TOKEN })
    program = await aProgram(network, client)
    operator = new Wallet(network.operators[0]!.account.privateKey)
    directory = await mkdtemp(join(tmpdir(), 'gevulot-relay-'))
    common = await start('common')
  })
  beforeEach(() => {
    relay = common
  })
  afterEach(async () => {
    if (relay !== common) await relay.stop()
  })
  after(async () => {
    await common.stop()
    await network.chain.stop()
    await rm(directory, { recursive: true, force: true })
  })

  /** Starts a relay with an account of its own. @param name Of its key and its files: the same name is the same relay, started again. */
  async function start(
    name: string,
    limits: Partial<RelayLimits> = {},
    more: Partial<RelayOptions> = {},
  ): Promise<RunningRelay> {
    const key = id(name)
    await network.chain.provider.send('anvil_setBalance', [computeAddress(key), `0x${parseEther('10').toString(16)}`])
    return startRelay({
      ...{ contracts: client.contracts, key: new Secret(key), directory: join(directory, name), clock: patientClock },
      limits: { accounts: [operator.address], maxGas: 3_000_000n, gasPerDay: 10n ** 9n, actsPerMinute: 600, ...limits },
      log: jsonLogger({ level: 'error', write: console.log, now: () => Date.now() }),
      ...{ port: 0, pollMs: 50, rate: { perSecond: 1_000, burst: 1_000 } },
      ...more,
    })
  }

  /** A drawn-to-be workload's `assign`, which anyone may call; each one another act. */
  async function anAct(changes: Partial<Action> = {}): Promise<Action> {
    const { workload } = await client.submit({
      ...{ program, inputs: someInputs() },
      fee: 20n * TOKEN,
      maxRunTime: 600,
    })
    await network.chain.mine(70)
    const data = client.contracts.market.interface.encodeFunctionData('assign', [workload]) as Hex
    return act({ data, ...changes })
  }

  /** An act that nobody could do: good for everything that is refused before the chain is asked. */
  async function vain(changes: Partial<Action> = {}): Promise<Action> {
    const { market } = client.contracts
    return act({
      data: market.interface.encodeFunctionData('accept', [hexlify(randomBytes(32)), 1]) as Hex,
      ...changes,
    })
  }

  async function act(changes: Partial<Action>): Promise<Action> {
    return {
      from: toAddress(operator.address),
      target: client.contracts.addresses.market,
      gas: 400_000n,
      nonce: BigInt(hexlify(randomBytes(32))),
      deadline: (await network.chain.now()) + 600,
      data: '0x',
      ...changes,
    }
  }

  const domain = () => ({ chainId: client.contracts.chainId, relay: client.contracts.addresses.relay })

  async function sign(action: Action, signer = operator): Promise<Hex> {
    return signAction(signer, domain(), action)
  }

  async function post(action: Action, signature?: Hex): Promise<Answer> {
    const { chainId, addresses } = client.contracts
    return send(toBody(chainId, addresses.relay, action, signature ?? (await sign(action))))
  }

  async function send(body: string): Promise<Answer> {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${relay.url}/v1/actions`, { method: 'POST', headers, body })
    return { code: response.status, ...((await response.json()) as object) }
  }

  const isSpent = ({ from, nonce }: Action) => client.contracts.relay.isNonceUsed(from, nonce)
  const refused = (answer: Answer) => [answer.code, answer.error?.code]

  it('signs what the contract reads', async () => {
    const action = await act({ data: '0x12345678', nonce: 7n })
    expect(digestOfAction(domain(), action)).to.equal(await client.contracts.relay.digestOf(action))
    expect(signerOfAction(domain(), action, await sign(action))).to.equal(operator.address)
    expect(signerOfAction(domain(), action, '0x1234')).to.be.undefined
  })

  it('knows the same acts of a seat as the contract', async () => {
    const { market, qualification, registry, relay: contract, addresses } = client.contracts
    for (const [target, abi] of [
      [addresses.market, market.interface],
      [addresses.qualification, qualification.interface],
      [addresses.registry, registry.interface],
    ] as const) {
      const selectors = abi.fragments.flatMap((fragment) => {
        const { selector } = fragment as { readonly selector?: Hex }
        return fragment.type === 'function' && selector !== undefined ? [selector] : []
      })
      expect(selectors.length).to.be.greaterThan(5)
      for (const data of selectors) {
        expect(isAct(client.contracts, { target, data }), data).to.equal(await contract.isAct(target, data))
      }
    }
  })

  it('carries out a signed act of an account without gas, and pays for it', async () => {
    const action = await anAct()
    const answer = await post(action)
    expect(answer).to.include({ code: 200, status: 'mined' })
    expect(await isSpent(action)).to.be.true
    const receipt = await network.chain.provider.getTransactionReceipt(answer.transaction!)
    expect(receipt!.from).to.equal(common.account)
  })

  it('a batch is carried out when each of its items is an act, and refused when one is not', async () => {
    const { market } = client.contracts
    const [one, two] = [await anAct(), await anAct()]
    const batch = (items: readonly Hex[]) => market.interface.encodeFunctionData('tryMany', [[...items]]) as Hex
    const good = await act({ data: batch([one.data, two.data]), gas: 1_000_000n })
    expect((await post(good)).code).to.equal(200)
    const withdraw = market.interface.encodeFunctionData('withdraw', [operator.address, 1n]) as Hex
    const bad = await act({ data: batch([one.data, withdraw]), gas: 1_000_000n })
    expect(refused(await post(bad))).to.deep.equal([403, 'RELAYER_ACT_REFUSED'])
    const nested = await act({ data: batch([batch([withdraw])]), gas: 1_000_000n })
    expect(refused(await post(nested))).to.deep.equal([403, 'RELAYER_ACT_REFUSED'])
  })

  it('a batch whose items all name the same bytes is none, and nothing is taken apart that is not signed', async () => {
    const { market, addresses } = client.contracts
    const item = (await vain()).data
    const plain = market.interface.encodeFunctionData('tryMany', [[item]]) as Hex
    expect(isAct(client.contracts, { target: addresses.market, data: plain })).to.be.true
    // tryMany(bytes[]): as many offsets as there is room for, each to the one item behind them.
    const count = 2_000
    const word = (number: number): string => number.toString(16).padStart(64, '0')
    const offsets = word(32 * count).repeat(count)
    const bytes = item.slice(2).padEnd(Math.ceil(item.length / 64) * 64, '0')
    const many = `${plain.slice(0, 10)}${word(32)}${word(count)}${offsets}${word(item.length / 2 - 1)}${bytes}` as Hex
    const decoded = market.interface.decodeFunctionData('tryMany', many)[0] as readonly string[]
    expect(decoded).to.have.length(count)
    expect(decoded.every((one) => one === item)).to.be.true
    expect(isAct(client.contracts, { target: addresses.market, data: many })).to.be.false
    const action = await act({ data: many, gas: 1_000_000n })
    expect(refused(await post(action))).to.deep.equal([403, 'RELAYER_ACT_REFUSED'])
    const forged = await sign(action, Wallet.createRandom() as unknown as Wallet)
    expect(refused(await post(action, forged))).to.deep.equal([403, 'RELAYER_SIGNATURE_INVALID'])
    for (const data of [plain.slice(0, 10), `${plain.slice(0, 10)}${'ff'.repeat(32)}`, plain.slice(0, -64)]) {
      expect(isAct(client.contracts, { target: addresses.market, data: data as Hex }), data).to.be.false
    }
    // The same for the batch of a submitter key, whose list is the second argument.
    const { relay: contract } = client.contracts
    const submitted = contract.interface.encodeFunctionData('actMany', [operator.address, [item]])
    expect(isAct(client.contracts, { target: addresses.relay, data: submitted as Hex })).to.be.true
    const lengthened = `${word(64)}${word(count)}${offsets}${word(item.length / 2 - 1)}${bytes}`
    const shared = `${submitted.slice(0, 74)}${lengthened}` as Hex
    expect(contract.interface.decodeFunctionData('actMany', shared)[1]).to.have.length(count)
    expect(isAct(client.contracts, { target: addresses.relay, data: shared })).to.be.false
  })

  it('an act that a submitter key signs for its operator is carried out; what such a key may not do is refused', async () => {
    const { relay: contract, market, registry, committee, addresses } = client.contracts
    const key = Wallet.createRandom()
    const owner = operator.connect(network.chain.provider)
    const until = (await network.chain.now()) + 3_600
    await (await contract.connect(owner).nameSubmitter(key.address, until)).wait()
    relay = await start('submitter', { accounts: [key.address] })
    const signed = async (data: Hex): Promise<Answer> => {
      const action = await act({ from: toAddress(key.address), target: addresses.relay, gas: 1_000_000n, data })
      return post(action, await sign(action, new Wallet(key.privateKey)))
    }
    const actOf = (target: string, data: string) =>
      contract.interface.encodeFunctionData('act', [operator.address, target, data]) as Hex
    const one = await anAct()
    expect(await signed(actOf(addresses.market, one.data))).to.include({ code: 200, status: 'mined' })
    const many = [(await anAct()).data, (await anAct()).data]
    const actMany = (items: readonly Hex[]) =>
      contract.interface.encodeFunctionData('actMany', [operator.address, [...items]]) as Hex
    expect(await signed(actMany(many))).to.include({ code: 200, status: 'mined' })
    const withdraw = market.interface.encodeFunctionData('withdraw', [key.address, 1n]) as Hex
    const name = contract.interface.encodeFunctionData('nameSubmitter', [key.address, until]) as Hex
    const forbidden = [
      actOf(addresses.market, withdraw),
      actOf(addresses.registry, registry.interface.encodeFunctionData('leaveSet', [[1]])),
      actOf(addresses.committee, committee.interface.getFunction('open').selector),
      actOf(addresses.relay, actOf(addresses.market, one.data)),
      actOf(addresses.relay, name),
      actOf(addresses.market, market.interface.encodeFunctionData('tryMany', [[one.data]])),
      ...[name, actMany([]), actMany([one.data, withdraw]), `${actOf(addresses.market, one.data).slice(0, 90)}` as Hex],
    ]
    for (const data of forbidden) expect(refused(await signed(data)), data).to.deep.equal([403, 'RELAYER_ACT_REFUSED'])
    await (await contract.connect(owner).revokeSubmitter(key.address)).wait()
    expect(refused(await signed(actOf(addresses.market, (await anAct()).data)))[1]).to.equal('CONTRACT_NOT_SUBMITTER')
  })

  it('a replay, an expired and a forged signature, and an act that would revert cost nothing', async () => {
    const action = await anAct()
    expect((await post(action)).code).to.equal(200)
    const paid = await network.chain.provider.getBalance(common.account)
    expect(refused(await post(action))).to.deep.equal([409, 'CONTRACT_NONCE_USED'])
    const late = await vain({ deadline: (await network.chain.now()) - 1 })
    expect(refused(await post(late))).to.deep.equal([422, 'RELAYER_DEADLINE_REFUSED'])
    const far = await vain({ deadline: (await network.chain.now()) + 7_200 })
    expect(refused(await post(far))).to.deep.equal([422, 'RELAYER_DEADLINE_REFUSED'])
    const forged = await vain()
    const wrong = await sign(forged, Wallet.createRandom() as unknown as Wallet)
    expect(refused(await post(forged, wrong))).to.deep.equal([403, 'RELAYER_SIGNATURE_INVALID'])
    const changed = { ...forged, gas: forged.gas + 1n }
    expect(refused(await post(changed, await sign(forged)))).to.deep.equal([403, 'RELAYER_SIGNATURE_INVALID'])
    const reverts = await post(await vain())
    expect(reverts.code).to.equal(422)
    expect(reverts.error!.code).to.match(/^CONTRACT_/)
    expect(await network.chain.provider.getBalance(common.account)).to.equal(paid)
  })

  it('serves only accounts of its list, and only acts', async () => {
    const { market, registry, relay: contract, addresses } = client.contracts
    const stranger = Wallet.createRandom() as unknown as Wallet
    const theirs = await vain({ from: toAddress(stranger.address) })
    expect(refused(await post(theirs, await sign(theirs, stranger)))).to.deep.equal([403, 'RELAYER_ACCOUNT_UNKNOWN'])
    const forbidden: readonly (readonly [string, string])[] = [
      [addresses.market, market.interface.encodeFunctionData('withdraw', [operator.address, 1n])],
      [addresses.registry, registry.interface.encodeFunctionData('leaveSet', [[1]])],
      [addresses.relay, contract.interface.encodeFunctionData('nameSubmitter', [stranger.address, 2n ** 40n])],
      [addresses.committee, client.contracts.committee.interface.encodeFunctionData('withdraw', [operator.address])],
      [addresses.token, client.contracts.token.interface.encodeFunctionData('transfer', [stranger.address, 1n])],
      [stranger.address, '0x12345678'],
    ]
    for (const [target, data] of forbidden) {
      const action = await act({ target: toAddress(target), data: data as Hex })
      expect(refused(await post(action))).to.deep.equal([403, 'RELAYER_ACT_REFUSED'])
    }
    const elsewhere = await vain()
    const body = toBody(1, addresses.relay, elsewhere, await sign(elsewhere))
    expect(refused(await send(body))).to.deep.equal([400, 'RELAYER_REQUEST_INVALID'])
  })

  it('keeps to its gas limits, across a restart too', async () => {
    relay = await start('limited', { maxGas: 400_000n, gasPerDay: 1_500_000n })
    expect(refused(await post(await vain({ gas: 400_001n })))).to.deep.equal([429, 'RELAYER_LIMIT_REACHED'])
    expect((await post(await anAct())).code).to.equal(200)
    // What would revert is given back.
    for (let time = 0; time < 3; time++) expect((await post(await vain())).code).to.equal(422)
    await relay.stop()
    relay = await start('limited', { maxGas: 400_000n, gasPerDay: 1_000_000n })
    const answer = await post(await vain())
    expect(refused(answer)).to.deep.equal([429, 'RELAYER_LIMIT_REACHED'])
    expect(answer.error!.message).to.match(/are left within 24 hours/)
  })

  it('turns away too many acts of an account and too many requests of an address', async () => {
    relay = await start('slow', { actsPerMinute: 2 }, { rate: { perSecond: 0.01, burst: 5 } })
    const answers = [await post(await vain()), await post(await vain()), await post(await vain())]
    expect(answers.map(({ code }) => code)).to.deep.equal([422, 422, 429])
    expect(answers[2]!.error!.code).to.equal('RELAYER_RATE_LIMITED')
    const codes = [await send('{}'), await send('{}'), await send('{}')].map(({ code }) => code)
    expect(codes).to.deep.equal([400, 400, 429])
  })

  it('behind a server of its operator each caller has its own limit, and names none that it likes', async () => {
    const from = async (forwarded: string): Promise<number> => {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': forwarded }
      return (await fetch(`${relay.url}/v1/actions`, { method: 'POST', headers, body: '{}' })).status
    }
    const rate = { perSecond: 0.01, burst: 2 }
    relay = await start('behind', {}, { rate, behindProxy: true })
    expect([await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.1')]).to.deep.equal([400, 400, 429])
    expect(await from('192.0.2.2')).to.equal(400)
    // What it wrote itself stands before what the server adds.
    expect(await from('192.0.2.77, 192.0.2.1')).to.equal(429)
    await relay.stop()
    relay = await start('before', {}, { rate })
    expect([await from('192.0.2.1'), await from('192.0.2.2'), await from('192.0.2.3')]).to.deep.equal([400, 400, 429])
  })

  it('says what is wrong with a body, and takes none that is too large', async () => {
    const good = await vain()
    const text = toBody(client.contracts.chainId, client.contracts.addresses.relay, good, await sign(good))
    for (const [body, says] of [
      ['', 'not JSON'],
      ['[]', 'body'],
      [text.replace('"chainId"', '"chain"'), 'body'],
      [text.replace(/"gas":"\d+"/, '"gas":"-1"'), 'body.action.gas'],
      [text.replace(/"from":"0x/, '"from":"0y'), 'body.action.from'],
      [text.replace(/"deadline":\d+/, '"deadline":1.5'), 'body.action.deadline'],
      [text.replace(/"data":"0x[0-9a-f]+"/, '"data":"0x12"'), 'body.action.data'],
    ] as const) {
      const answer = await send(body)
      expect(refused(answer), body.slice(0, 80)).to.deep.equal([400, 'RELAYER_REQUEST_INVALID'])
      expect(answer.error!.message).to.include(says)
    }
    expect(refused(await send(`{"x":"${'y'.repeat(400_000)}"}`))).to.deep.equal([413, 'RELAYER_TOO_LARGE'])
    expect((await fetch(`${relay.url}/v1/nothing`)).status).to.equal(404)
    expect((await fetch(`${relay.url}/live`)).status).to.equal(200)
    const facts = (await (await fetch(`${relay.url}/v1/relay`)).json()) as object
    expect(facts).to.include({ account: common.account, relay: client.contracts.addresses.relay })
  })
})
