import { expect } from 'chai'
import { Hono } from 'hono'
import { createApiClient, type ApiClient } from '../../sdk/src/api/createApiClient.js'
import type { App } from '../../sdk/src/api/server/AppContext.js'
import { ByteBudget } from '../../sdk/src/api/server/ByteBudget.js'
import { Places } from '../../sdk/src/api/server/Places.js'
import { proofAnswer } from '../../sdk/src/api/server/proofAnswer.js'
import { Proofs, type ProofLimits } from '../../sdk/src/api/server/Proofs.js'
import type { ApiOptions } from '../../sdk/src/api/server/startApi.js'
import type { WorkloadId } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { systemClock } from '../../sdk/src/clock.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { TestApi } from '../support/api.js'
import { aProgram, prover, PUBLIC_INPUTS, someInputs, startNetwork, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

/** More than an answer writes at once, and no whole number of base64's groups. */
const BYTES = Buffer.alloc(60_001, 'proof')
const WORKLOADS = 4
const MANY = 12
const LONG_MS = 60_000

/** Holds up what the server fetches, and counts it. */
class Gate {
  fetches = 0
  running = 0
  most = 0
  #open: () => void = () => undefined
  #opened: Promise<void> = Promise.resolve()

  /** A client whose proofs come through this gate. */
  before(client: GevulotClient): GevulotClient {
    const provider = new Proxy(client.contracts.provider, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (name === 'getTransaction') return (hash: string) => this.#pass(() => target.getTransaction(hash))
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    return { ...client, contracts: { ...client.contracts, provider } }
  }

  close(): void {
    this.fetches = this.running = this.most = 0
    this.#opened = new Promise((resolve) => (this.#open = resolve))
  }

  open(): void {
    this.#open()
  }

  /** Until so many have come. */
  async came(fetches: number): Promise<void> {
    for (let looks = 0; looks < 1_200 && this.fetches < fetches; looks++) await systemClock.sleep(50)
    expect(this.fetches, 'fetches').to.be.at.least(fetches)
  }

  async #pass<Answer>(fetch: () => Promise<Answer>): Promise<Answer> {
    this.fetches++
    this.most = Math.max(this.most, ++this.running)
    await this.#opened
    return fetch().finally(() => this.running--)
  }
}

describe('api: proofs', function () {
  this.timeout(180_000)
  const gate = new Gate()
  const workloads: WorkloadId[] = []
  let network: Network
  let api: TestApi
  let reader: ApiClient
  let own: GevulotClient

  before(async () => {
    network = await startNetwork()
    const requester = await network.client()
    const program = await aProgram(network, requester)
    const { minimumFee: fee } = await requester.quote({ program, maxRunTime: 600 })
    await requester.deposit({ amount: fee * BigInt(WORKLOADS) })
    for (let count = 0; count < WORKLOADS; count++) {
      const { workload } = await requester.submit({ program, inputs: someInputs(), fee, maxRunTime: 600 })
      workloads.push(workload)
      await network.chain.mine(4)
      await requester.assign({ workload })
      const { spec, slots } = await requester.getWorkload({ workload })
      await prover.submitProof(network, spec, slots[0]!.seat, BYTES)
    }
    api = await TestApi.start(network)
    own = gate.before(api.client)
  })
  afterEach(() => gate.open())
  after(async () => {
    await api.remove()
    await network.chain.stop()
  })

  async function serve(options: Partial<ApiOptions>): Promise<void> {
    await api.stop()
    await api.start({ client: own, ...options })
    reader = createApiClient({ url: api.url })
    // The index has them: nothing else is read of the chain meanwhile.
    for (let looks = 0; looks < 1_200; looks++) {
      if ((await reader.listWorkloads({})).workloads.length === WORKLOADS) return
      await systemClock.sleep(50)
    }
    throw new Error('the index does not come to the end of the chain')
  }
  const at = (index: number) => workloads[index]!
  const ask = (index: number, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${api.url}/v1/workloads/${at(index)}/proof`, { headers })
  async function code(response: Response): Promise<string> {
    return ((await response.json()) as { readonly error: { readonly code: string } }).error.code
  }

  it('come as JSON, or as they are to who accepts only that, and say who made them', async () => {
    await serve({})
    const json = await reader.getProof({ workload: at(0) })
    expect(Buffer.from(json.proof, 'base64').equals(BYTES)).to.equal(true)
    expect(Buffer.from(json.publicInputs, 'base64').equals(PUBLIC_INPUTS)).to.equal(true)
    expect(json.digest).to.equal(digestOf(BYTES))
    const { proof, digest, seat } = await reader.getProofBytes({ workload: at(0) })
    expect([Buffer.compare(proof, BYTES), digest, seat]).to.deep.equal([0, digestOf(BYTES), json.seat])
    expect((await reader.getProofBytes({ workload: at(0), seat })).seat).to.equal(seat)
    await rejected(reader.getProofBytes({ workload: at(0), seat: 4_711 }), 'CLIENT_NO_PROOF')

    const raw = await ask(0, { accept: 'application/octet-stream' })
    expect(raw.headers.get('content-type')).to.equal('application/octet-stream')
    expect(raw.headers.get('vary')).to.match(/\baccept\b/i)
    expect(Number(raw.headers.get('content-length'))).to.equal((await raw.arrayBuffer()).byteLength)
    for (const accept of ['*/*', 'application/json', 'application/json, application/octet-stream']) {
      const answer = await ask(0, { accept })
      expect(answer.headers.get('content-type'), accept).to.equal('application/json')
      expect(Number(answer.headers.get('content-length'))).to.equal((await answer.arrayBuffer()).byteLength)
    }
  })

  it('of which more than fit are asked for wait for each other', async () => {
    await serve({ proofs: { largestAtOnce: 2, waitMs: LONG_MS } })
    gate.close()
    const answers = workloads.map((workload) => reader.getProofBytes({ workload }))
    await gate.came(2)
    await systemClock.sleep(500)
    gate.open()
    expect(await Promise.all(answers)).to.have.length(WORKLOADS)
    expect([gate.fetches, gate.most]).to.deep.equal([WORKLOADS, 2])
  })

  it('that do not get their turn are refused with a time to come back, and hold up nothing else', async () => {
    await serve({ proofs: { largestAtOnce: 1, waitMs: 100 } })
    gate.close()
    const first = reader.getProofBytes({ workload: at(0) })
    await gate.came(1)
    const refused = await ask(1)
    expect(refused.status).to.equal(503)
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 60)
    expect(await code(refused)).to.equal('API_BUSY')
    expect((await rejected(reader.getProofBytes({ workload: at(1) }), 'API_BUSY')).retryable).to.equal(true)
    expect((await reader.getWorkload({ workload: at(1) })).status).to.be.oneOf(['settleable', 'proven'])
    expect(api.lines.filter((line) => line.includes('a request failed'))).to.deep.equal([])
    gate.open()
    expect((await first).digest).to.equal(digestOf(BYTES))
    // The server may learn a moment later that its answer is taken.
    for (let looks = 0, isThere = false; !isThere; looks++) {
      expect(looks, 'refusals').to.be.lessThan(600)
      isThere = await reader.getProofBytes({ workload: at(1) }).then(
        ({ digest }) => digest === digestOf(BYTES),
        () => false,
      )
    }
  })

  it('a caller has its share of the places, and others have theirs', async () => {
    await serve({ behindProxy: true, proofs: { largestAtOnce: 1, waitMs: LONG_MS } })
    gate.close()
    const asked = Array.from({ length: 16 }, () => ask(0, { 'x-forwarded-for': '192.0.2.1' }))
    await gate.came(1)
    // The sixteen may still be on their way.
    let refused: Response | undefined
    for (let looks = 0; looks < 600 && refused?.status !== 429; looks++) {
      const over = AbortSignal.timeout(250)
      const headers = { 'x-forwarded-for': '192.0.2.1' }
      refused = await fetch(`${api.url}/v1/workloads/${at(1)}/proof`, { headers, signal: over }).catch(() => refused)
    }
    expect(refused?.status).to.equal(429)
    expect(await code(refused!)).to.equal('API_RATE_LIMITED')
    const other = ask(0, { 'x-forwarded-for': '192.0.2.2' })
    gate.open()
    for (const answer of await Promise.all([...asked, other])) {
      expect(answer.status).to.be.oneOf([200, 429])
      await answer.arrayBuffer()
    }
    expect((await other).status).to.equal(200)
  })

  describe('are held for all who ask, and given back', () => {
    const stop = new AbortController()
    const PATH = '/proof'
    /** Questions whose workload was read. */
    let read = 0

    /** The route by itself: its answer is written only as far as it is read. */
    function route(limits: Partial<ProofLimits>): {
      readonly get: (index: number, init?: RequestInit) => Promise<Response>
    } {
      read = 0
      const readings = {
        read: (workload: WorkloadId) => api.client.getWorkload({ workload }).finally(() => read++),
      }
      const settings = { ...api.client.settings, maxProofBytes: BYTES.length + PUBLIC_INPUTS.length }
      const all = { largestAtOnce: 1, waitMs: 200, sendMs: LONG_MS, ...limits }
      const proofs = new Proofs({ client: { ...own, settings }, readings, limits: all, stop: stop.signal })
      const proofPlaces = new Places('proofs', { all: MANY, withoutKey: MANY, ofAddress: MANY, ofKey: 0 })
      const app: App = new Hono()
      app.onError((error, context) => context.text((error as { code?: string }).code ?? String(error), 500))
      app.get(PATH, (context) => {
        context.set('caller', 'address 192.0.2.1')
        const options = { proofs, proofPlaces, proofSendMs: all.sendMs, stop: stop.signal }
        return proofAnswer(context, options, { workload: at(Number(context.req.query('of'))) })
      })
      return { get: (index, init) => Promise.resolve(app.request(`${PATH}?of=${index}`, init)) }
    }

    it('by one fetch, whether as JSON or as they are', async () => {
      const { get } = route({})
      gate.close()
      const accept = { headers: { accept: 'application/octet-stream' } }
      const answers = Array.from({ length: MANY }, (_, count) => get(0, count % 2 === 0 ? accept : undefined))
      for (let looks = 0; looks < 1_200 && read < MANY; looks++) await systemClock.sleep(50)
      gate.open()
      const sizes = await Promise.all(answers.map(async (answer) => (await (await answer).arrayBuffer()).byteLength))
      expect(sizes.filter((size) => size === BYTES.length)).to.have.length(MANY / 2)
      expect(gate.fetches).to.equal(1)
      // Nobody has it any more.
      await (await get(0)).arrayBuffer()
      expect(gate.fetches).to.equal(2)
    })

    it('at the end of an answer, and not before', async () => {
      const { get } = route({})
      const first = await get(0)
      expect(first.status).to.equal(200)
      expect(await (await get(1)).text()).to.equal('API_BUSY')
      // The same one is there already.
      const same = await get(0)
      expect(same.status).to.equal(200)
      await Promise.all([first.arrayBuffer(), same.arrayBuffer()])
      expect((await get(1)).status).to.equal(200)
    })

    it('when a listener leaves, or asks for the headers alone', async () => {
      const { get } = route({})
      for (let times = 0; times < MANY; times++) {
        await (await get(0)).body?.cancel()
        const half = (await get(1)).body!.getReader()
        await half.read()
        await half.cancel()
        const head = await get(2, { method: 'HEAD' })
        expect([head.status, head.headers.get('gevulot-digest')]).to.deep.equal([200, digestOf(BYTES)])
      }
    })

    it('when it is not read for too long', async () => {
      const { get } = route({ sendMs: 300, waitMs: LONG_MS })
      const stalled = await get(0)
      expect((await get(1)).status).to.equal(200)
      expect(await stalled.arrayBuffer().catch(() => 'cut')).to.equal('cut')
    })
  })

  it('take turns by when they came, and one that gives up holds up nobody', async () => {
    const budget = new ByteBudget(10, systemClock)
    const order: string[] = []
    const take = async (name: string, bytes: number, waitMs = LONG_MS) => {
      if (await budget.take(bytes, waitMs)) order.push(name)
    }
    await take('first', 8)
    const large = take('large', 10)
    const small = take('small', 1)
    await systemClock.sleep(50)
    expect(order).to.deep.equal(['first'])
    budget.giveBack(8)
    await large
    budget.giveBack(10)
    await small
    expect(order).to.deep.equal(['first', 'large', 'small'])
    const impatient = take('impatient', 10, 50)
    const behind = take('behind', 9)
    await Promise.all([impatient, behind])
    expect(order.at(-1)).to.equal('behind')
    expect(await budget.take(1, 50)).to.equal(false)
  })
})
