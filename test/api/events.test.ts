import { expect } from 'chai'
import { EventHub } from '../../sdk/src/api/server/EventHub.js'
import type { EventBatch } from '../../sdk/src/chain/followEvents.js'
import { ZERO_BYTES32, type WorkloadId } from '../../sdk/src/chain/hex.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { TestApi } from '../support/api.js'
import { aProgram, prover, someInputs, startNetwork, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

interface Message {
  readonly event: string
  readonly id: string | undefined
  readonly data: { readonly name?: string; readonly redoFrom?: number }
}

/** A reader of server-sent events. */
class Listener {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #text = ''

  private constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader()
  }

  static async open(url: string, lastEventId?: string, apiKey?: string): Promise<Listener> {
    const response = await fetch(url, {
      headers: {
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
    })
    expect(response.status).to.equal(200)
    expect(response.headers.get('content-type')).to.include('text/event-stream')
    return new Listener(response.body!)
  }

  /** The next message; undefined at the end of the stream. */
  async next(): Promise<Message | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const lines = this.#text.slice(0, end).split('\n')
        this.#text = this.#text.slice(end + 2)
        const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
        const data = field('data')
        if (data === undefined) continue
        return { event: field('event') ?? '', id: field('id'), data: JSON.parse(data) as Message['data'] }
      }
      const { value, done } = await this.#reader.read()
      if (done) return undefined
      this.#text += Buffer.from(value).toString()
    }
  }

  /** Messages until one has this name. */
  async until(name: string): Promise<Message[]> {
    const seen: Message[] = []
    for (;;) {
      const message = await this.next()
      if (message === undefined) throw new Error(`the stream ended before ${name}`)
      seen.push(message)
      if (message.data.name === name) return seen
    }
  }

  close(): Promise<void> {
    return this.#reader.cancel()
  }
}

describe('api: events', function () {
  this.timeout(120_000)
  let network: Network
  let requester: GevulotClient
  let program: `0x${string}`
  let api: TestApi

  before(async () => {
    network = await startNetwork()
    requester = await network.client()
    program = await aProgram(network, requester)
    api = await TestApi.start(network)
  })
  after(async () => {
    await api.remove()
    await network.chain.stop()
  })

  async function submit(): Promise<WorkloadId> {
    const { minimumFee: fee } = await requester.quote({ program, maxRunTime: 600 })
    await requester.deposit({ amount: fee })
    return (await requester.submit({ program, inputs: someInputs(), fee, maxRunTime: 600 })).workload
  }
  async function draw(workload: WorkloadId) {
    await network.chain.mine(4)
    await requester.assign({ workload })
    return requester.getWorkload({ workload })
  }
  const at = (workload: string) => `${api.url}/v1/workloads/${workload}/events`
  const names = (messages: readonly Message[]) => messages.map(({ data }) => data.name)

  it('tells a workload from its beginning to its end, then ends', async () => {
    const workload = await submit()
    const listener = await Listener.open(at(workload))
    expect(names(await listener.until('Submitted'))).to.deep.equal(['Submitted'])
    const { spec, slots } = await draw(workload)
    await listener.until('Assigned')
    await prover.submitProof(network, spec, slots[0]!.seat)
    await requester.settle({ workload }).catch(() => undefined)
    expect(names(await listener.until('Finished'))).to.include('Revealed')
    expect(await listener.next()).to.equal(undefined)
    // It is over: a late listener gets everything and the end.
    const late = await Listener.open(at(workload))
    expect(names(await late.until('Finished'))[0]).to.equal('Submitted')
    expect(await late.next()).to.equal(undefined)
  })

  it('a listener that comes back gets what it missed and nothing twice', async () => {
    const workload = await submit()
    const first = await Listener.open(at(workload))
    const [{ id } = { id: undefined }] = await first.until('Submitted')
    expect(id).to.match(/^\d+\.0x[0-9a-f]{64}$/)
    await first.close()
    await draw(workload)
    const second = await Listener.open(at(workload), id)
    expect(names(await second.until('Assigned'))).to.deep.equal(['Assigned'])
    await second.close()
  })

  it('tells of a reorg, to those who listen and to those who come back', async () => {
    const workload = await submit()
    const listener = await Listener.open(at(workload))
    const [{ id } = { id: undefined }] = await listener.until('Submitted')
    await draw(workload)
    const assigned = (await listener.until('Assigned')).at(-1)
    expect(assigned?.id).not.to.equal(undefined)
    await network.chain.provider.send('anvil_reorg', [2, []])
    await network.chain.mine(1)
    const reorg = await listener.next()
    expect(reorg).to.include({ event: 'reorg' })
    await listener.close()
    // The block behind this id is gone.
    const back = await Listener.open(at(workload), assigned?.id)
    expect((await back.next())?.event).to.equal('reorg')
    expect(names(await back.until('Submitted'))).to.deep.equal(['Submitted'])
    await back.close()
    // What was before the reorg still counts.
    const old = await Listener.open(at(workload), id)
    await old.close()
  })

  it('ends all streams when the server stops', async () => {
    const workload = await submit()
    const listener = await Listener.open(at(workload))
    await listener.until('Submitted')
    await api.stop()
    expect(await listener.next()).to.equal(undefined)
    await api.start()
  })

  it('a hundred listeners are one look at the chain, and all of them hear', async () => {
    const workload = await submit()
    // More than an address may have.
    const { apiKey } = await api.as()
    const listen = () => Listener.open(at(workload), undefined, apiKey)
    const listeners = await Promise.all(Array.from({ length: 100 }, listen))
    await Promise.all(listeners.map((listener) => listener.until('Submitted')))
    await draw(workload)
    await Promise.all(listeners.map((listener) => listener.until('Assigned')))
    await Promise.all(listeners.map((listener) => listener.close()))
  })

  it('a listener that does not take what is told is told so when it does', async () => {
    const { contracts, clock } = requester
    const hub = new EventHub({ contracts, clock })
    const block = (number: number) => ({ number, hash: ZERO_BYTES32 })
    hub.resume(block(0))
    const update = (number: number): EventBatch => ({
      ...{
        kind: 'reorg',
        because: 'replaced',
        redoFrom: number,
        cursor: { start: 0, next: number, checkpoints: [block(number)] },
      },
    })
    const updates = hub.listen(undefined, undefined, AbortSignal.timeout(60_000))
    const first = updates.next()
    for (let number = 1; number <= 1_000; number++) hub.publish(update(number))
    expect((await rejected(first, 'API_STOPPED')).message).to.include('too slow')
    expect(hub.listeners).to.equal(0)
  })
})
