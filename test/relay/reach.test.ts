import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import { parseEther } from 'ethers'

import { ZERO_ADDRESS, type Address, type Contracts } from '../../sdk/src/chain/index.js'
import { costOf, mostGasOf } from '../../sdk/src/relay/gasOfActs.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { RelayReach } from '../../sdk/src/worker/publish/RelayReach.js'
import { gasToReveal } from '../../sdk/src/worker/run/gasToReveal.js'
import { HandClock } from '../support/HandClock.js'

const GWEI = 10n ** 9n
const RELAY = `0x${'11'.repeat(20)}` as Address
const FACTS = { chainId: 31_337, relay: RELAY, maxGas: '3000000', gasPerDay: '200000000', maxBytes: 73_728 }
const VERIFIER = `0x${'55'.repeat(20)}` as Address
const silent = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })

describe('relay: how large an act relays carry out', () => {
  const servers: Server[] = []
  let clock: HandClock
  let balance: bigint
  const timeout = Object.getOwnPropertyDescriptor(AbortSignal, 'timeout')!

  // On a busy machine an answer takes longer than a relay is given for it, which then counts as one that has said nothing.
  before(() => {
    AbortSignal.timeout = () => new AbortController().signal
  })
  after(() => {
    Object.defineProperty(AbortSignal, 'timeout', timeout)
  })
  beforeEach(() => {
    clock = new HandClock()
    balance = 0n
  })
  afterEach(async () => {
    for (const server of servers.splice(0)) await close(server)
  })

  async function close(server: Server): Promise<void> {
    server.closeAllConnections()
    await once(server.close(), 'close')
  }

  /** A relay that says this of itself. */
  async function relayOf(facts: object): Promise<string> {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/v1/relay' ? 200 : 404).end(JSON.stringify(facts))
    })
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  function reachOf(...relays: readonly string[]): RelayReach {
    const provider = {
      getBalance: async () => balance,
      getBlock: async () => ({ baseFeePerGas: 10n * GWEI }) as never,
    }
    const contracts = { chainId: 31_337, addresses: { relay: RELAY } } as unknown as Contracts
    return new RelayReach({
      ...{ relays, contracts, provider, account: VERIFIER, clock, log: silent },
      ...{ maxGas: 2n ** 24n, maxFee: 200n * GWEI, tip: GWEI },
    })
  }

  const program = (verifierGas: number) => ({ verifier: VERIFIER, verifierGas })

  it('an account that pays for itself is held back by none', async () => {
    expect(await reachOf().excess(program(15_000_000), new Uint8Array(100_000))).to.be.undefined
  })

  it('what no relay carries out cannot be shown, for its gas or for its size', async () => {
    const reach = reachOf(await relayOf(FACTS))
    expect(await reach.excess(program(2_000_000))).to.be.undefined
    expect((await reach.excess(program(3_000_000)))?.why).to.match(
      /^to show a proof to its verifier takes up to 3\d{6} gas in a call of up to 2048 bytes: no relay carries that out, and the account has not the gas money for it$/,
    )
    expect(await reach.excess(program(1_000_000), new Uint8Array(32), new Uint8Array(60_000))).to.be.undefined
    expect((await reach.excess(program(1_000_000), new Uint8Array(32), new Uint8Array(72_000)))?.why).to.contain(
      '74080 bytes',
    )
    // A proof for a committee is short on the chain, however long it is.
    expect(await reach.excess({ verifier: ZERO_ADDRESS, verifierGas: 0 }, new Uint8Array(10 ** 6))).to.be.undefined
  })

  it('one relay that carries it out is enough', async () => {
    const reach = reachOf(await relayOf(FACTS), await relayOf({ ...FACTS, maxGas: '9000000' }))
    expect(await reach.excess(program(8_000_000))).to.be.undefined
    expect((await reach.excess(program(9_000_000)))?.why).to.contain('no relay')
  })

  it('gas money enough for it takes the place of a relay', async () => {
    const reach = reachOf(await relayOf(FACTS))
    // At twice the base fee, and the tip.
    const fee = 21n * GWEI
    balance = gasToReveal(5_000_000) * fee
    expect(await reach.excess(program(5_000_000))).to.be.undefined
    balance -= 1n
    expect((await reach.excess(program(5_000_000)))?.why).to.contain('has not the gas money')
    balance = parseEther('10')
    expect(await reach.excess(program(15_000_000), new Uint8Array(100_000))).to.be.undefined
  })

  it('a relay that cannot be asked counts as what it said last, and as the usual one before it said anything', async () => {
    const reach = reachOf(await relayOf({ ...FACTS, maxGas: '9000000' }))
    expect(await reach.excess(program(8_000_000))).to.be.undefined
    for (const server of servers.splice(0)) await close(server)
    clock.pass(60_000)
    expect(await reach.excess(program(8_000_000))).to.be.undefined
    const unknown = reachOf('http://127.0.0.1:9', await relayOf({ maxGas: 'much' }))
    expect(await unknown.excess(program(5_000_000))).to.be.undefined
    expect((await unknown.excess(program(6_000_000)))?.why).to.contain('no relay')
  })

  it('what a relay has not said is not certain: it may take more, and it is asked again soon', async () => {
    const facts = { ...FACTS, maxGas: 'much' }
    const reach = reachOf(await relayOf(FACTS), await relayOf(facts))
    expect(await reach.excess(program(6_000_000))).to.include({ isPassing: true })
    // No relay ever takes this.
    expect(await reach.excess(program(1_000_000), new Uint8Array(72_000))).to.include({ isPassing: false })
    expect(await reach.excess(program(16_700_000))).to.include({ isPassing: false })
    facts.maxGas = '7000000'
    clock.pass(10_000)
    expect(await reach.excess(program(6_000_000))).to.be.undefined
    expect(await reach.excess(program(7_000_000))).to.include({ isPassing: false })
  })

  it('gas that is too dear for the account now may be cheaper soon', async () => {
    const reach = reachOf(await relayOf(FACTS))
    balance = gasToReveal(5_000_000) * GWEI
    expect(await reach.excess(program(5_000_000))).to.include({ isPassing: false })
    balance += 1n
    expect(await reach.excess(program(5_000_000))).to.include({ isPassing: true })
  })

  it('a relay is asked again after a while, and one of another chain is none', async () => {
    const facts = { ...FACTS }
    const reach = reachOf(await relayOf(facts))
    facts.chainId = 1
    expect((await reach.excess(program(1_000_000)))?.why).to.contain('no relay')
    facts.chainId = FACTS.chainId
    expect((await reach.excess(program(1_000_000)))?.why).to.contain('no relay')
    clock.pass(60_000)
    expect(await reach.excess(program(1_000_000))).to.be.undefined
  })

  it('acts together may ask for what the most generous relay gives, and for the own limit where there is none', async () => {
    expect(await reachOf().mostTogether()).to.equal(2n ** 24n)
    const reach = reachOf(await relayOf(FACTS), await relayOf({ ...FACTS, maxGas: '4000000' }))
    expect(await reach.mostTogether()).to.equal(4_000_000n)
  })

  it('counts what the relay pays beside the act: its gas of a day, and what a transaction may have', () => {
    const limits = { maxGas: 20_000_000n, gasPerDay: 5_000_000n }
    const most = mostGasOf(limits, 1_000, 2n ** 24n)
    expect(costOf(most, 1_000) <= limits.gasPerDay).to.be.true
    expect(costOf(most + 4n, 1_000) > limits.gasPerDay).to.be.true
    const whole = mostGasOf({ ...limits, gasPerDay: 10n ** 9n }, 1_000, 2n ** 24n)
    expect(whole).to.be.within(16_200_000n, 16_400_000n)
    expect(mostGasOf({ ...limits, gasPerDay: 0n }, 0, 2n ** 24n) < 0n).to.be.true
  })
})
