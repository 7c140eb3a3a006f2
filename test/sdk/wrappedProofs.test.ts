import { join } from 'node:path'
import { expect } from 'chai'
import { AbiCoder, concat, getBytes, hexlify, toBeHex } from 'ethers'
import { readPin } from '../../sdk/src/chain/pin.js'
import type { Hex, WorkloadId } from '../../sdk/src/chain/hex.js'
import type { Spec } from '../../sdk/src/chain/spec.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { fetchProof } from '../../sdk/src/client/fetchProof.js'
import { waitForProofs } from '../../sdk/src/client/waitForProofs.js'
import { systemClock } from '../../sdk/src/clock.js'
import { DirectoryStore } from '../../sdk/src/content/DirectoryStore.js'
import { aProgram, BAD_PROOF, operatorOf, PROOF, prover, PUBLIC_INPUTS, SALT, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js' // prettier-ignore
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

/** Its call data: whom to call, from where on the call data for it begins. */
const FORWARDER = concat([
  '0x601c8060093d393df3', // returns the 28 bytes behind it
  '0x6020358036038091' + '5f37', // copies what is from there on
  '0x5f5f915f5f5f355af1', // calls with it
  '0x15601857005b5f5ffd', // fails when that fails
])
/** The same, but each bit of the call data is inverted: a wallet that packs it in its own way. */
const INVERTER = concat([
  '0x602d8060093d393df3',
  '0x6020358036038091' + '5f37',
  '0x5f5b80511981526020018181' + '10600b5750', // inverts it, word by word
  '0x5f5f915f5f5f355af1',
  '0x15602957005b5f5ffd',
])

// Who reveals through a wallet of contracts is paid as everybody; the proof must be found all the same.
describe('client: proofs that came through other contracts', function () {
  this.timeout(120_000)
  const directory = useTemporaryDirectory()
  let network: Network
  let client: GevulotClient
  let program: Hex
  let forwarder: Hex
  let inverter: Hex

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 1_000n * TOKEN })
    program = await aProgram(network, client)
    ;[forwarder, inverter] = [await created(FORWARDER), await created(INVERTER)]
    // Contracts as submitters, for every operator.
    const until = (await network.chain.now()) + 10_000
    for (const { contracts } of network.operators)
      for (const contract of [forwarder, inverter]) await (await contracts.relay.nameSubmitter(contract, until)).wait()
  })
  after(() => network.chain.stop())

  // A tenth of the run time is the time to answer; a commit after that finds an open slot, and commits do not close early.
  const request = () => ({ program, inputs: someInputs(), fee: 20n * TOKEN, maxRunTime: 200 })

  async function created(data: string): Promise<Hex> {
    return (await (await network.owner.sendTransaction({ data })).wait())!.contractAddress as Hex
  }

  /** A workload of two slots that are committed, and the call that reveals the first; the other one never is. */
  async function committed(proof = PROOF): Promise<{ workload: WorkloadId; spec: Spec; seat: number; reveal: string }> {
    const { workload, spec } = await client.submit({ ...request(), redundancy: 2 })
    await network.chain.mine(4)
    await client.assign({ workload })
    const seats = (await client.getWorkload({ workload })).slots.map((slot) => slot.seat)
    for (const each of seats) await prover.commit(network, workload, each, proof)
    const seat = seats[0]!
    await network.chain.pass(3)
    return { workload, spec, seat, reveal: await revealOf(spec, seat, proof) }
  }

  async function revealOf(spec: Spec, seat: number, proof: Uint8Array): Promise<string> {
    const { contracts } = operatorOf(network, seat)
    const pin = await readPin(contracts, spec.program)
    return contracts.market.interface.encodeFunctionData('reveal', [spec, pin, seat, PUBLIC_INPUTS, proof, SALT])
  }

  /** Sends a call of the market through another contract, behind other bytes. */
  async function through(contract: Hex, seat: number, call: string, before = '0x'): Promise<void> {
    const { address, contracts } = operatorOf(network, seat)
    const { relay, market } = network.deployment
    const act = contracts.relay.interface.encodeFunctionData('act', [address, market, call])
    const head = AbiCoder.defaultAbiCoder().encode(['address', 'uint256'], [relay, 64 + getBytes(before).length])
    const body = contract === inverter ? hexlify(getBytes(act).map((byte) => byte ^ 0xff)) : act
    await (await network.owner.sendTransaction({ to: contract, data: concat([head, before, body]) })).wait()
  }

  async function settle(workload: WorkloadId): Promise<void> {
    await network.chain.pass(60)
    await client.settle({ workload })
  }

  /** The client behind an endpoint that knows no method but these of the ones that trace. */
  function tracing(methods: readonly string[], from = client): GevulotClient & { readonly asked: string[] } {
    const asked: string[] = []
    const provider = new Proxy(from.contracts.provider, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (name !== 'send') return typeof value === 'function' ? (value.bind(target) as unknown) : value
        return (method: string, params: unknown[]) => {
          asked.push(method)
          if (/trace/.test(method) && !methods.includes(method)) return Promise.reject(new Error('method not found'))
          return (target as unknown as { send(method: string, params: unknown[]): Promise<unknown> }).send(
            method,
            params,
          )
        }
      },
    })
    return { ...from, contracts: { ...from.contracts, provider }, asked }
  }

  it('is found in the call of any contract, wherever it stands, whatever else is there', async () => {
    const { workload, spec, seat, reveal } = await committed()
    const wrong = await revealOf(spec, seat, BAD_PROOF)
    // A whole reveal of another proof, one that is cut off, one whose offsets lead nowhere, and an odd number of bytes.
    const offsets = reveal.slice(0, 10 + 64 * 6) + 'ff'.repeat(32 * 20)
    await through(forwarder, seat, reveal, concat([wrong, wrong.slice(0, 400), offsets, '0x00112233445566']))
    const silent = tracing([])
    const proof = await fetchProof(silent, { workload })
    expect(proof).to.include({ from: 'transaction', seat })
    expect(Buffer.from(proof.proof).equals(PROOF)).to.equal(true)
    expect(Buffer.from(proof.publicInputs).equals(PUBLIC_INPUTS)).to.equal(true)
    expect(silent.asked).to.deep.equal([])
    await settle(workload)
    expect((await client.waitForProof({ workload })).from).to.equal('transaction')
  })

  it('is found in a trace where the contract made the call by itself', async () => {
    const { workload, seat, reveal } = await committed()
    await through(inverter, seat, reveal)
    for (const method of ['debug_traceTransaction', 'trace_transaction']) {
      const proof = await fetchProof(tracing([method]), { workload })
      expect(Buffer.from(proof.proof).equals(PROOF), method).to.equal(true)
      expect(proof.from).to.equal('transaction')
    }
  })

  it('so many wrong ones that nobody would look through them end in a trace, too', async () => {
    const { workload, spec, seat, reveal } = await committed()
    const one = (await revealOf(spec, seat, BAD_PROOF)).slice(0, 10 + 64 * 6)
    await through(forwarder, seat, reveal, `0x${one.slice(2).repeat(100)}`)
    await rejected(fetchProof(tracing([]), { workload }), 'CLIENT_PROOF_UNAVAILABLE')
    expect((await fetchProof(client, { workload })).from).to.equal('transaction')
  })

  it('where neither shows it a store is asked, and else the error says what is the case', async () => {
    const { workload, reveal, seat } = await committed()
    await through(inverter, seat, reveal)
    await settle(workload)
    const error = await rejected(fetchProof(tracing([]), { workload }), 'CLIENT_PROOF_UNAVAILABLE')
    expect(error.message).to.include(inverter).and.include(`seat ${seat}`)
    expect(error.details).to.include({ through: inverter, workload })
    await rejected(waitForProofs(tracing([]), { workload }), 'CLIENT_PROOF_UNAVAILABLE')

    const store = new DirectoryStore(join(directory(), 'content'))
    const withStore = await network.client({ store })
    await rejected(fetchProof(tracing([], withStore), { workload }), 'CLIENT_PROOF_UNAVAILABLE')
    // It is proven, and the store may have a copy later: until the time is up.
    let ahead = 0
    const clock = {
      ...systemClock,
      elapsed: () => systemClock.elapsed() + ahead,
      sleep: async () => void (ahead += 5_000),
    }
    const late = await rejected(
      waitForProofs({ ...tracing([], withStore), clock }, { workload }),
      'CLIENT_PROOF_UNAVAILABLE',
    )
    expect(late.message).to.include(inverter)
  })

  it('is found among several acts of a submitter key, in one transaction of our own relay', async () => {
    const { workload, seat, reveal } = await committed()
    const { contracts, address } = operatorOf(network, seat)
    const { relay } = contracts
    await (await relay.nameSubmitter(network.owner.address, (await network.chain.now()) + 10_000)).wait()
    const act = relay.interface.encodeFunctionData('actMany', [address, [reveal.slice(0, 10), reveal]])
    await (await network.owner.sendTransaction({ to: network.deployment.relay, data: act })).wait()
    expect((await fetchProof(tracing([]), { workload })).from).to.equal('transaction')
  })

  it('a submitted proof is no less', async () => {
    const { workload, spec } = await client.submit(request())
    await network.chain.mine(4)
    await client.assign({ workload })
    const { seat } = (await client.getWorkload({ workload })).slots[0]!
    const { contracts } = operatorOf(network, seat)
    const pin = await readPin(contracts, spec.program)
    const call = contracts.market.interface.encodeFunctionData('submitProof', [spec, pin, seat, PUBLIC_INPUTS, PROOF])
    await through(forwarder, seat, call, toBeHex(1n, 5))
    expect((await fetchProof(tracing([]), { workload })).from).to.equal('transaction')
  })
})
