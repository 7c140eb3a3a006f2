import { expect } from 'chai'
import { hexlify, randomBytes, type JsonRpcProvider } from 'ethers'
import { connect } from '../../sdk/src/chain/connect.js'
import type { Hex } from '../../sdk/src/chain/hex.js'
import { unpackTerms } from '../../sdk/src/chain/terms.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import type { SubmittedWorkload, WorkloadRequest } from '../../sdk/src/client/submission.js'
import { systemClock } from '../../sdk/src/clock.js'
import type { PutProgress } from '../../sdk/src/content/ContentStore.js'
import { MemoryStore } from '../../sdk/src/content/MemoryStore.js'
import { aProgram, PUBLIC_INPUTS, someInputs, startNetwork, TOKEN, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

const RUN_TIME = 100
const FEE = 10n * TOKEN
const PAUSED_CLASS = 7

describe('client: workloads in batches', function () {
  this.timeout(120_000)
  let network: Network
  let client: GevulotClient
  let program: Hex

  before(async () => {
    network = await startNetwork()
    client = await network.client()
    await client.deposit({ amount: 5_000n * TOKEN })
    program = await aProgram(network, client)
  })
  after(() => network.chain.stop())

  const request = (changes: Partial<WorkloadRequest> = {}): WorkloadRequest => ({
    ...{ program, inputs: someInputs(), fee: FEE, maxRunTime: RUN_TIME, ...changes },
  })
  const some = (count: number, changes: Partial<WorkloadRequest> = {}) =>
    Array.from({ length: count }, () => request(changes))
  const sent = () => network.chain.provider.getTransactionCount(network.requester.address)
  const noncesOf = (submitted: readonly SubmittedWorkload[]) =>
    submitted.map(({ spec }) => unpackTerms(spec.terms).nonce)
  const digestsOf = (requests: readonly WorkloadRequest[]) => requests.map(({ inputs }) => 'digest' in inputs && inputs.digest) // prettier-ignore

  it('submits them in one transaction, in order, and each is a workload', async () => {
    const [before, { nonce, market }] = [await sent(), await client.getBalance()]
    const requests = [...some(3), request({ redundancy: 2, fee: 3n * FEE })]
    const submitted = await client.submitMany({ requests })
    expect(await sent()).to.equal(before + 1)
    expect(new Set(submitted.map(({ transaction }) => transaction)).size).to.equal(1)
    expect(submitted.map(({ spec }) => spec.inputs)).to.deep.equal(digestsOf(requests))
    expect(noncesOf(submitted)).to.deep.equal([nonce, nonce + 1, nonce + 2, nonce + 3])
    expect(submitted.every(({ created }) => created)).to.equal(true)
    expect((await client.getBalance()).market).to.equal(market - 6n * FEE)
    for (const { workload, block } of submitted) {
      expect(await client.getWorkload({ workload })).to.include({ status: 'pending', submittedBlock: block })
    }
  })

  it('needs another transaction for more than 64, or for long URIs, and gives all in order', async () => {
    const inputsUri = `https://example.org/${'中'.repeat(1_000)}`
    for (const [requests, transactions] of [
      [some(65), 2],
      [some(24, { inputsUri }), 2],
    ] as const) {
      const [before, { nonce }] = [await sent(), await client.getBalance()]
      const submitted = await client.submitMany({ requests })
      expect(await sent()).to.equal(before + transactions)
      expect(submitted.map(({ spec }) => spec.inputs)).to.deep.equal(digestsOf(requests))
      expect(noncesOf(submitted)).to.deep.equal(requests.map((_, index) => nonce + index))
    }
  })

  it('publishes the files of each', async () => {
    const store = new MemoryStore()
    const publishing = await network.client({ store })
    const files = [1, 2, 3].map((salt) => ({ public_inputs: PUBLIC_INPUTS, salt: Buffer.from([salt]) }))
    const told: PutProgress[] = []
    const submitted = await publishing.submitMany({
      requests: [...files.map((each) => request({ inputs: { files: each } })), request()],
      onProgress: (now) => told.push(now),
    })
    expect(submitted).to.have.length(4)
    submitted.pop()
    expect(new Set(submitted.map(({ spec }) => spec.inputs)).size).to.equal(3)
    // The progress is that of all of them; what is published already has no bytes.
    const bytes = 3 * (PUBLIC_INPUTS.length + 1)
    expect(told.at(-1)).to.deep.equal({ stored: bytes, total: bytes })
    expect(told.map(({ stored }) => stored)).to.deep.equal(told.map(({ stored }) => stored).toSorted((a, b) => a - b))
    for (const { spec } of submitted) expect(await store.has(spec.inputs)).to.equal(true)
  })

  it('does nothing for an empty list', async () => {
    const before = await sent()
    expect(await client.submitMany({ requests: [] })).to.deep.equal([])
    expect(await sent()).to.equal(before)
  })

  it('submits once however often it is asked with one nonce, and goes on where an earlier call ended', async () => {
    const { nonce } = await client.getBalance()
    const requests = some(5)
    const first = await client.submitMany({ requests: requests.slice(0, 2), nonce })
    const all = await client.submitMany({ requests, nonce })
    expect(all.map(({ created }) => created)).to.deep.equal([false, false, true, true, true])
    expect(all.slice(0, 2).map(({ workload }) => workload)).to.deep.equal(first.map(({ workload }) => workload))
    const before = await sent()
    const again = await client.submitMany({ requests, nonce })
    expect(again).to.deep.equal(all.map((each) => ({ ...each, created: false })))
    // One of them alone is found by its own nonce, too.
    expect((await client.submit({ ...requests[3]!, nonce: nonce + 3 })).workload).to.equal(all[3]!.workload)
    expect(await sent()).to.equal(before)

    const other = await rejected(client.submitMany({ requests: [requests[0]!, request()], nonce }), 'CLIENT_NONCE_USED')
    expect(other.details).to.include({ nonce: nonce + 1, workload: all[1]!.workload, difference: 'inputs' })
    await rejected(client.submitMany({ requests: some(2), nonce: nonce + 9 }), 'CONTRACT_WRONG_NONCE')
    expect(await sent()).to.equal(before)
  })

  it('finds what an earlier call had sent that is mined in between, and submits the rest', async () => {
    const provider = client.contracts.provider as JsonRpcProvider
    const send = provider.send.bind(provider)
    const { nonce } = await client.getBalance()
    const requests = some(5)
    await send('evm_setAutomine', [false])
    try {
      const stop = new AbortController()
      const before = await sent()
      const lost = await network.client()
      const first = lost.submitMany({ requests: requests.slice(0, 3), nonce, signal: stop.signal }).catch((error: unknown) => error) // prettier-ignore
      const pending = () => provider.getTransactionCount(network.requester.address, 'pending')
      while ((await pending()) === before) await systemClock.sleep(5)
      stop.abort()
      expect(await first).to.equal(stop.signal.reason)
      // Behind the look at the account's nonce, before the transaction is tried.
      let mined = false
      Object.assign(provider, {
        send: async (method: string, values: unknown[]) => {
          if (method === 'eth_estimateGas' && !mined) {
            mined = true
            await send('evm_setAutomine', [true])
            await send('evm_mine', [])
          }
          return send(method, values) as Promise<unknown>
        },
      })
      const second = await client.submitMany({ requests, nonce })
      expect(mined).to.equal(true)
      expect(second.map(({ created }) => created)).to.deep.equal([false, false, false, true, true])
    } finally {
      Reflect.deleteProperty(provider, 'send')
      await send('evm_setAutomine', [true])
    }
    expect((await client.getBalance()).nonce).to.equal(nonce + 5)
  })

  it('takes turns with other submissions of the client', async () => {
    const { nonce } = await client.getBalance()
    const [first, one, second] = await Promise.all([
      client.submitMany({ requests: some(2) }),
      client.submit(request()),
      client.submitMany({ requests: some(3) }),
    ])
    expect(noncesOf([...first, one, ...second])).to.deep.equal([0, 1, 2, 3, 4, 5].map((index) => nonce + index))
  })

  it('sends none when one would be refused, and says which', async () => {
    const before = await sent()
    const refused = async (bad: Partial<WorkloadRequest>, code: string) =>
      rejected(client.submitMany({ requests: [request(), request(), request(bad), request()] }), code)
    const low = await refused({ fee: 1n }, 'CONTRACT_FEE_TOO_LOW')
    expect(low.details).to.include({ index: 2, fee: 1n })
    expect(low.message).to.match(/^request 2: /)
    for (const [bad, code] of [
      [{ program: hexlify(randomBytes(32)) as Hex }, 'CONTRACT_UNKNOWN_PROGRAM'],
      [{ redundancy: 9 }, 'CONTRACT_INVALID_TERMS'],
      [{ inputsUri: 'ftp://example.org/' }, 'CLIENT_URI_INVALID'],
      [{ inputs: { digest: 'nonsense', publicInputs: '0x' } }, 'CONTENT_DIGEST_INVALID'],
    ] as const) {
      expect((await refused(bad, code)).details).to.include({ index: 2 })
    }
    // Each could be paid, all together cannot.
    const { market } = await client.getBalance()
    const dear = some(2, { fee: (market * 2n) / 3n })
    const poor = await rejected(client.submitMany({ requests: dear }), 'CONTRACT_INSUFFICIENT_BALANCE')
    expect(poor.details).to.deep.equal({ have: market, want: 2n * ((market * 2n) / 3n) })
    expect(await sent()).to.equal(before)
  })

  it('says which one the market itself refuses, and sends none', async () => {
    const { market } = await connect(network.deployment, network.owner)
    const { minimumFee, minimumRate, rules } = await market.classTermsOf(1)
    await (await market.setClassTerms(PAUSED_CLASS, { minimumFee, minimumRate, rules })).wait()
    const of = { prover: hexlify(randomBytes(32)) as Hex, verifier: network.verifier, class: PAUSED_CLASS }
    const { program: paused } = await client.deployProgram(of)
    await (await market.setGuardian(network.owner.address)).wait()
    await (await market.acceptGuardian()).wait()
    await (await market.pauseSubmissions(PAUSED_CLASS, 3_600)).wait()
    const before = await sent()
    const requests = [request(), request({ program: paused }), request()]
    const error = await rejected(client.submitMany({ requests }), 'CONTRACT_SUBMISSIONS_PAUSED')
    expect(error.details).to.include({ index: 1, class: BigInt(PAUSED_CLASS) })
    expect(await sent()).to.equal(before)
  })
})
