import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { sql } from 'kysely'
import type { ApiClient } from '../../sdk/src/api/createApiClient.js'
import { migrations } from '../../sdk/src/api/store/migrations.js'
import type { ApiSchema } from '../../sdk/src/api/store/schema.js'
import { Courier } from '../../sdk/src/api/webhooks/Courier.js'
import { postTo } from '../../sdk/src/api/webhooks/postTo.js'
import { verifyWebhook, WEBHOOK_SIGNATURE } from '../../sdk/src/api/webhooks/signWebhook.js'
import { ROTATION_MS, secretsOf, WebhookStore } from '../../sdk/src/api/webhooks/WebhookStore.js'
import type { WorkloadId } from '../../sdk/src/chain/hex.js'
import { systemClock } from '../../sdk/src/clock.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { openEmbedded } from '../../sdk/src/database/openEmbedded.js'
import type { GevulotClient } from '../../sdk/src/client/createClient.js'
import { TestApi } from '../support/api.js'
import { aProgram, prover, PUBLIC_INPUTS, startNetwork, type Network } from '../support/network.js'
import { Receiver, type Received } from '../support/Receiver.js'
import { rejected } from '../support/rejected.js'

type Deliveries = Awaited<ReturnType<ApiClient['listDeliveries']>>['deliveries']
type Message = { readonly id: string; readonly event: string; readonly outcome: string | null; readonly request: { readonly request: string; readonly workload: string | null } } // prettier-ignore

const requestOf = (key_id: string) => ({
  ...{ public_id: randomBytes(16).toString('hex'), key_id, idempotency_key: null, body_hash: '', created_at: 1 },
  ...{
    program: '',
    inputs: '',
    public_inputs: '',
    inputs_uri: '',
    fee: '0',
    max_run_time: 1,
    redundancy: 1,
    rescue: 0,
  },
  ...({ state: 'submitted', nonce: 0, workload: null, cancelling: false, error: null } as const),
  submitted_block: null,
  jobs: 1,
  releasing: false,
  cancelled_block: null,
})

describe('api: webhooks', function () {
  this.timeout(120_000)
  let network: Network
  let requester: GevulotClient
  let program: string
  let api: TestApi
  let receiver: Receiver

  before(async () => {
    network = await startNetwork()
    requester = await network.client()
    program = await aProgram(network, requester)
    api = await TestApi.start(network, { webhookAddresses: 'any', webhookDepth: 0, webhookDelays: [100, 200, 400] })
  })
  beforeEach(async () => {
    receiver = await Receiver.start()
  })
  afterEach(() => receiver.stop())
  after(async () => {
    await api.remove()
    await network.chain.stop()
  })

  let counter = 0
  const fresh = () => ({
    ...{ program, maxRunTime: 600 },
    inputs: { files: { public_inputs: PUBLIC_INPUTS.toString('base64'), salt: Buffer.from(`w${counter++}`).toString('base64') } }, // prettier-ignore
  })

  async function until<T>(look: () => Promise<T | undefined> | T | undefined, what: string): Promise<T> {
    for (let attempt = 0; attempt < 800; attempt++) {
      const found = await look()
      if (found !== undefined) return found
      await sleep(25)
    }
    throw new Error(`${what}:\n${api.lines.slice(-10).join('\n')}`)
  }

  const parsed = ({ body }: Received): Message => JSON.parse(body) as Message
  const came = (event: string, count = 1) =>
    until(() => {
      const found = receiver.received.filter((message) => parsed(message).event === event)
      return found.length >= count ? found : undefined
    }, `${event} did not come ${count} times`)
  const deliveries = async (client: ApiClient, webhook: string): Promise<Deliveries> =>
    (await client.listDeliveries({ webhook })).deliveries
  const ended = (client: ApiClient, webhook: string, state: string) =>
    until(async () => (await deliveries(client, webhook)).find((one) => one.state === state), `none is ${state}`)

  it('tells what becomes of a request, stage by stage, signed', async () => {
    const client = await api.as()
    const { webhook, secret } = await client.addWebhook({ url: receiver.url })
    const { request } = await client.submitRequest(fresh())
    const [submitted] = await came('request.submitted')
    const { workload } = parsed(submitted!).request
    await network.chain.mine(4)
    await requester.assign({ workload: workload as WorkloadId })
    await came('workload.assigned')
    const { spec, slots } = await requester.getWorkload({ workload: workload as WorkloadId })
    await prover.submitProof(network, spec, slots[0]!.seat)
    const [proven] = await came('workload.proven')
    expect(parsed(proven!)).to.deep.include({ outcome: 'Proven' })
    expect(parsed(proven!).request).to.include({ request, workload })

    const now = Math.floor(Date.now() / 1000)
    for (const { headers, body } of receiver.received) {
      const signature = headers[WEBHOOK_SIGNATURE] as string
      verifyWebhook({ secret, body, signature, now })
      expect(headers['gevulot-event']).to.equal((JSON.parse(body) as Message).id)
      for (const [what, changed] of Object.entries({
        body: { body: `${body} ` },
        secret: { secret: `${secret}x` },
        late: { now: now + 301 },
        none: { signature: undefined },
        half: { signature: signature.slice(0, -1) },
        time: { signature: signature.replace(/t=\d+/, `t=${now + 1}`) },
      })) {
        expect(() => verifyWebhook({ ...{ secret, body, signature, now }, ...changed }), what)
          .to.throw()
          .with.property('code', 'API_WEBHOOK_INVALID')
      }
    }
    await until(async () => ((await deliveries(client, webhook)).every(({ state }) => state === 'delivered') ? true : undefined), 'not all are noted') // prettier-ignore
    const list = await deliveries(client, webhook)
    expect(list.map(({ kind }) => kind)).to.deep.equal(['workload.proven', 'workload.assigned', 'request.submitted'])
    expect(list.every((one) => one.request === request && one.attempts === 1 && one.answer === 'status 204')).to.be.true
  })

  it('is tried again, the same message, until it is taken; and given up in the end', async () => {
    const client = await api.as()
    const { webhook } = await client.addWebhook({ url: receiver.url })
    receiver.answer = (response) => response.writeHead(receiver.received.length < 3 ? 503 : 200).end()
    await client.submitRequest(fresh())
    const delivered = await ended(client, webhook, 'delivered')
    expect(delivered).to.include({ attempts: 3, answer: 'status 200', nextAt: null })
    expect(new Set(receiver.received.map(({ body }) => body)).size).to.equal(1)

    receiver.answer = (response) => response.writeHead(500).end()
    await client.submitRequest(fresh())
    expect(await ended(client, webhook, 'failed')).to.include({ attempts: 4, answer: 'status 500' })
  })

  it('is sent once more when it is asked for, whether it was taken or given up', async () => {
    const client = await api.as()
    const { webhook } = await client.addWebhook({ url: receiver.url })
    receiver.answer = (response) => response.writeHead(500).end()
    await client.submitRequest(fresh())
    const { event } = await ended(client, webhook, 'failed')
    const failed = receiver.received.length
    receiver.answer = (response) => response.writeHead(200).end()
    expect(await client.redeliver({ webhook, event })).to.include({ event, state: 'pending', attempts: 0 })
    expect(await ended(client, webhook, 'delivered')).to.include({ event, attempts: 1, answer: 'status 200' })
    await client.redeliver({ webhook, event })
    await until(() => (receiver.received.length >= failed + 2 ? true : undefined), 'it did not come once more')
    expect(new Set(receiver.received.map(({ body }) => body)).size).to.equal(1)

    const stranger = await api.as()
    await rejected(stranger.redeliver({ webhook, event }), 'API_NOT_FOUND')
    await rejected(client.redeliver({ webhook, event: '0'.repeat(32) }), 'API_NOT_FOUND')
    const other = await client.addWebhook({ url: receiver.url })
    await rejected(client.redeliver({ webhook: other.webhook, event }), 'API_NOT_FOUND')
    receiver.answer = (response) => response.writeHead(410).end()
    await client.redeliver({ webhook, event })
    await until(async () => ((await client.listWebhooks({})).webhooks[0]?.disabled ? true : undefined), 'it is not disabled') // prettier-ignore
    await rejected(client.redeliver({ webhook, event }), 'API_REQUEST_INVALID')
  })

  it('gets another secret, and for a day is signed with both; the old one alone signs nothing', async () => {
    const client = await api.as()
    const { webhook, secret: old } = await client.addWebhook({ url: receiver.url })
    const now = Math.floor(Date.now() / 1000)
    await rejected((await api.as()).rotateWebhookSecret({ webhook }), 'API_NOT_FOUND')
    const { secret, oldUntil } = await client.rotateWebhookSecret({ webhook })
    expect(secret).not.to.equal(old)
    expect(oldUntil).to.be.greaterThan((now + 86_000) * 1000)
    expect(JSON.stringify(await client.listWebhooks({}))).not.to.contain('gvw_')
    await client.submitRequest(fresh())
    const [{ headers, body }] = (await came('request.submitted')) as [Received]
    const signature = headers[WEBHOOK_SIGNATURE] as string
    for (const one of [secret, old]) verifyWebhook({ secret: one, body, signature, now: Math.floor(Date.now() / 1000) })
    expect(() => verifyWebhook({ secret: `${old}x`, body, signature, now })).to.throw()

    // A second rotation ends the first secret at once: it was for this that somebody rotates twice.
    const { secret: third } = await client.rotateWebhookSecret({ webhook })
    receiver.received.length = 0
    await client.submitRequest(fresh())
    const [message] = (await came('request.submitted')) as [Received]
    const again = message.headers[WEBHOOK_SIGNATURE] as string
    const check = (with_: string) => (): void => verifyWebhook({ secret: with_, body: message.body, signature: again, now: Math.floor(Date.now() / 1000) }) // prettier-ignore
    check(third)()
    check(secret)()
    expect(check(old)).to.throw().with.property('code', 'API_WEBHOOK_INVALID')
    // Three signatures in one header are none of this server's.
    const three = `${again},v1=${'0'.repeat(64)}`
    expect(() => verifyWebhook({ secret: third, body: message.body, signature: three, now })).to.throw()
  })

  it('behind its day the old secret signs nothing any more', async () => {
    const db = await openEmbedded<ApiSchema>(undefined, migrations)
    try {
      const webhooks = new WebhookStore(db)
      const { id, secret } = await webhooks.add('a', 'https://receiver.example.org/', 0)
      const rotated = await webhooks.rotate(id, 1_000)
      expect(rotated).to.include({ old_secret: secret, old_until: 1_000 + ROTATION_MS })
      expect(secretsOf(rotated, 1_000 + ROTATION_MS - 1)).to.deep.equal([rotated.secret, secret])
      expect(secretsOf(rotated, 1_000 + ROTATION_MS)).to.deep.equal([rotated.secret])
    } finally {
      await db.destroy()
    }
  })

  it('a restart loses nothing: what happened while it was down is told, and what was not taken is tried again', async () => {
    const { apiKey, ...client } = await api.as()
    const { webhook } = await client.addWebhook({ url: receiver.url })
    receiver.answer = (response) => response.writeHead(503).end()
    await client.submitRequest(fresh())
    const [first] = await came('request.submitted')
    await api.stop()
    const { workload } = parsed(first!).request
    await network.chain.mine(4)
    await requester.assign({ workload: workload as WorkloadId })
    receiver.answer = (response) => response.writeHead(200).end()
    await api.start()
    const again = api.again(apiKey)
    await came('workload.assigned')
    await until(async () => ((await deliveries(again, webhook)).every(({ state }) => state === 'delivered') ? true : undefined), 'not all are told') // prettier-ignore
    const told = await came('request.submitted', 2)
    expect(new Set(told.map(({ body }) => body)).size).to.equal(1)
  })

  it('a receiver that hangs, or never ends its answer, holds up no other and keeps no connection', async () => {
    const endless = await api.as()
    const slow = await api.as()
    const honest = await api.as()
    const others = [await Receiver.start(), await Receiver.start()]
    try {
      others[0]!.answer = (response) => {
        const more = (): void => void (response.destroyed || response.write(Buffer.alloc(65_536), more))
        response.writeHead(200)
        more()
      }
      others[1]!.answer = () => undefined
      const { webhook } = await endless.addWebhook({ url: others[0]!.url })
      await slow.addWebhook({ url: others[1]!.url })
      await honest.addWebhook({ url: receiver.url })
      for (const client of [endless, slow, honest]) await client.submitRequest(fresh())
      await came('request.submitted')
      // Its status is all that counts.
      expect(await ended(endless, webhook, 'delivered')).to.include({ answer: 'status 200' })
      await until(async () => ((await others[0]!.connections()) === 0 ? true : undefined), 'the connection is kept')
    } finally {
      for (const other of others) await other.stop()
    }
  })

  it('a key with much that is due, and many such keys, keep no other out', async () => {
    const db = await openEmbedded<ApiSchema>(undefined, migrations)
    try {
      const webhooks = new WebhookStore(db)
      const due = async (keyId: string, at: number): Promise<number> => {
        const { id: webhook } = await webhooks.add(keyId, 'https://receiver.example.org/', 0)
        const request = await db
          .insertInto('requests')
          .values(requestOf(keyId))
          .returning('id')
          .executeTakeFirstOrThrow()
        const event = 'request.submitted'
        await webhooks.note([{ webhook, request: request.id, event, public_id: 'an id', body: '{}' }], at)
        return webhook
      }
      const flood: number[] = []
      for (const key of ['a', 'b', 'c']) for (let count = 0; count < 8; count++) flood.push(await due(key, 1))
      const last = await due('d', 2)
      const taken = async (all: number, busy: Parameters<WebhookStore['due']>[2]): Promise<number[]> =>
        (await webhooks.due(3, { all, key: 2 }, busy)).map(({ webhook }) => webhook)
      expect(await taken(8, { webhooks: [], keys: [] })).to.deep.equal([0, 1, 8, 9, 16, 17].map((at) => flood[at]!).concat(last)) // prettier-ignore
      expect(await taken(8, { webhooks: [flood[0]!], keys: ['b'] })).to.deep.equal([1, 2, 16, 17].map((at) => flood[at]!).concat(last)) // prettier-ignore
      expect(await taken(1, { webhooks: [], keys: ['a', 'b', 'c'] })).to.deep.equal([last])
    } finally {
      await db.destroy()
    }
  })

  it('where an attempt cannot be noted, as on a full disk, its receiver is not told again and again', async () => {
    const db = await openEmbedded<ApiSchema>(undefined, migrations)
    const over = new AbortController()
    const webhooks = new WebhookStore(db)
    const { keyId } = await api.as()
    const lines: string[] = []
    const log = jsonLogger({ level: 'warn', write: (line) => lines.push(line), now: () => 0 })
    const options = {
      webhooks,
      keys: api.keys,
      clock: systemClock,
      log,
      addresses: 'any',
      depth: 0,
      delays: [],
    } as const
    try {
      await webhooks.add(keyId, receiver.url, 0)
      await db
        .insertInto('requests')
        .values({ ...requestOf(keyId), created_at: Date.now() })
        .execute()
      await sql`create function full_disk() returns trigger as $$ begin raise 'no space left on device'; end $$ language plpgsql`.execute(
        db,
      )
      await sql`create trigger full_disk before update on deliveries execute function full_disk()`.execute(db)
      const running = new Courier(options).run(over.signal)
      await until(
        () => (lines.some((line) => line.includes('could not be noted')) ? true : undefined),
        'nothing is told',
      )
      await sleep(1_000)
      over.abort()
      await running
      expect(receiver.received).to.have.length(1)
    } finally {
      over.abort()
      await db.destroy()
    }
  })

  it('redirects are not followed, and a receiver that says that it is gone is asked no more', async () => {
    const client = await api.as()
    const target = await Receiver.start()
    try {
      const { webhook } = await client.addWebhook({ url: receiver.url })
      receiver.answer = (response) => response.writeHead(307, { location: target.url }).end()
      await client.submitRequest(fresh())
      expect(await ended(client, webhook, 'failed')).to.include({ answer: 'status 307' })
      expect(target.received).to.deep.equal([])
      receiver.answer = (response) => response.writeHead(410).end()
      await client.submitRequest(fresh())
      const [{ disabled }] = await until(async () => {
        const { webhooks } = await client.listWebhooks({})
        return webhooks[0]?.disabled === null ? undefined : (webhooks as [(typeof webhooks)[number]])
      }, 'it is not disabled')
      expect(disabled).to.match(/gone/)
    } finally {
      await target.stop()
    }
  })

  it('goes to no private address, by name or number, nor without TLS', async () => {
    const guarded = await TestApi.start(network)
    try {
      const client = await guarded.as()
      for (const url of [
        ...[
          'http://example.org/',
          'https://127.0.0.1/',
          'https://[::1]/',
          'https://10.0.0.1/',
          'https://169.254.169.254/',
        ],
        ...[
          'https://[::ffff:192.168.0.1]/',
          'https://2130706433/',
          'https://user:word@example.org/',
          'ftp://example.org/',
        ],
      ]) {
        await rejected(client.addWebhook({ url }), 'API_REQUEST_INVALID')
      }
    } finally {
      await guarded.remove()
    }
    const { port } = new URL(receiver.url)
    const signal = new AbortController().signal
    // What a name stands for is known only when it is connected to.
    expect(await postTo(`https://localhost:${port}/`, {}, '{}', 'public', signal)).to.deep.equal({
      failure: 'its host has an address that is not public',
    })
    expect(receiver.received).to.deep.equal([])
  })

  it('a receiver that switches protocols holds nothing up: the attempt is over', async () => {
    const target = await Receiver.start()
    try {
      target.answer = (response) =>
        response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n')
      expect(await postTo(target.url, {}, '{}', 'any', new AbortController().signal)).to.deep.equal({
        failure: 'the connection failed',
      })
    } finally {
      await target.stop()
    }
  })

  it('a key sees its own webhooks only, has a few, and none once it is revoked', async () => {
    const client = await api.as()
    const stranger = await api.as()
    const { webhook } = await client.addWebhook({ url: receiver.url })
    expect((await stranger.listWebhooks({})).webhooks).to.deep.equal([])
    await rejected(stranger.listDeliveries({ webhook }), 'API_NOT_FOUND')
    await rejected(stranger.removeWebhook({ webhook }), 'API_NOT_FOUND')
    expect(JSON.stringify(await client.listWebhooks({}))).not.to.contain('gvw_')
    await client.removeWebhook({ webhook })
    expect((await client.listWebhooks({})).webhooks).to.deep.equal([])
    const adding = await Promise.allSettled(Array.from({ length: 12 }, () => client.addWebhook({ url: receiver.url })))
    expect(adding.filter(({ status }) => status === 'fulfilled')).to.have.length(8)
    await client.submitRequest(fresh())
    await came('request.submitted', 8)
    const before = receiver.received.length
    const { provider } = network.chain
    const pending = async (): Promise<number> =>
      Number(await provider.send('eth_getBlockTransactionCountByNumber', ['pending']))
    await provider.send('evm_setAutomine', [false])
    const { request } = await client.submitRequest(fresh())
    // What was sent before the key was revoked is submitted, else it would be refused.
    await until(async () => ((await pending()) > 0 ? true : undefined), 'it is not sent')
    await api.keys.revoke(client.keyId)
    await provider.send('evm_setAutomine', [true])
    await network.chain.mine(1)
    await until(() => (api.lines.some((line) => line.includes(request) && line.includes('"submitted"')) ? true : undefined), 'it is not submitted') // prettier-ignore
    await sleep(500)
    expect(receiver.received.length).to.equal(before)
  })
})
