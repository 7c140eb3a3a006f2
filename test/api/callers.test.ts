import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { networkOf } from '../../sdk/src/api/server/callerAddress.js'
import { hexOf } from '../../sdk/src/content/digest.js'
import { TestApi } from '../support/api.js'
import { startNetwork, type Network } from '../support/network.js'
import { rejected } from '../support/rejected.js'

const APP = 'https://app.example.org'

describe('api: pages of other origins', function () {
  this.timeout(120_000)
  let network: Network
  let api: TestApi

  before(async () => {
    network = await startNetwork()
    api = await TestApi.start(network)
  })
  after(async () => {
    await api.remove()
    await network.chain.stop()
  })

  async function allow(...origins: string[]): Promise<void> {
    await api.stop()
    await api.start({ origins })
  }
  const from = (origin: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${api.url}/v1/network`, { headers: { origin, ...headers } })
  const allowed = ({ headers }: Response) => headers.get('access-control-allow-origin')
  const preflight = (origin: string) =>
    fetch(`${api.url}/v1/requests`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      },
    })

  it('none may call it by itself', async () => {
    const response = await from(APP)
    expect([response.status, allowed(response)]).to.deep.equal([200, null])
    expect(allowed(await preflight(APP))).to.equal(null)
  })

  it('only those that are named may, and learn of errors too', async () => {
    await allow(APP, 'https://other.example.org')
    for (const response of [await from(APP), await preflight(APP), await from(APP, { authorization: 'Bearer x' })]) {
      expect(allowed(response)).to.equal(APP)
      expect(response.headers.get('vary')).to.match(/\bOrigin\b/i)
    }
    for (const origin of ['https://evil.example.org', `${APP}.evil.org`, 'null', '*']) {
      expect(allowed(await from(origin)), origin).to.equal(null)
      expect(allowed(await preflight(origin)), origin).to.equal(null)
    }
  })

  it('with * each may, with a key, and none with what a browser keeps for this server', async () => {
    await allow(APP, '*')
    const wrong = await from('https://any.example.org', { authorization: 'Bearer x' })
    expect(wrong.status).to.equal(401)
    const before = await preflight('https://any.example.org')
    expect(before.status).to.equal(204)
    // What a star stands for in this list does not include Authorization, so each is named.
    const headers = before.headers.get('access-control-allow-headers')?.split(',')
    expect(headers).to.include.members(['authorization', 'content-type', 'idempotency-key'])
    expect(before.headers.get('access-control-allow-methods')?.split(',')).to.include.members(['GET', 'POST', 'PUT'])
    for (const response of [wrong, before, await from('null'), await from(APP)]) {
      expect(allowed(response)).to.equal('*')
      expect(response.headers.get('access-control-allow-credentials')).to.equal(null)
    }
  })

  it('they may read how long they have to wait', async () => {
    await api.stop()
    await api.start({ origins: ['*'], rate: { perSecond: 0.02, burst: 1 } })
    const limited = [await from(APP), await from(APP)].at(-1)!
    expect(limited.status).to.equal(429)
    expect(Number(limited.headers.get('retry-after'))).to.be.within(1, 50)
    expect(allowed(limited)).to.equal('*')
    expect(limited.headers.get('access-control-expose-headers')?.toLowerCase().split(',')).to.include('retry-after')
  })

  it('what no browser calls itself is refused at the start', async () => {
    await api.stop()
    for (const origin of [
      '',
      'app.example.org',
      `${APP}/`,
      `${APP}/page`,
      'https://App.example.org',
      `${APP}:443`,
      '**',
    ]) {
      const { message } = await rejected(api.start({ origins: [origin] }), 'API_CONFIG_INVALID')
      expect(message).to.include(JSON.stringify(origin))
    }
    // Pages of an extension or an application have origins of their own kind.
    await allow('chrome-extension://abcdefghijklmnop', 'http://localhost:5173')
    expect(allowed(await from('chrome-extension://abcdefghijklmnop'))).to.equal('chrome-extension://abcdefghijklmnop')
  })
})

describe('api: who asks', function () {
  this.timeout(120_000)
  let network: Network
  let api: TestApi
  /** Nothing comes back while a test runs. */
  const rate = { perSecond: 0.001, burst: 2 }

  before(async () => {
    network = await startNetwork()
    api = await TestApi.start(network, { rate, behindProxy: true })
  })
  after(async () => {
    await api.remove()
    await network.chain.stop()
  })

  async function from(forwarded: string | undefined, authorization?: string): Promise<number> {
    const headers = {
      ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }),
      ...(authorization !== undefined && { authorization }),
    }
    return (await fetch(`${api.url}/v1/allowance`, { headers })).status
  }
  async function all(...forwarded: (string | undefined)[]): Promise<number[]> {
    const statuses: number[] = []
    for (const address of forwarded) statuses.push(await from(address))
    return statuses
  }

  it('is, behind a server of its operator, whom that server names, and nobody whom the caller names', async () => {
    expect(await all('192.0.2.1', '192.0.2.1', '192.0.2.1')).to.deep.equal([401, 401, 429])
    expect(await from('192.0.2.2')).to.equal(401)
    // What it wrote itself stands before what the server adds.
    expect(await from('192.0.2.77, 192.0.2.1')).to.equal(429)
    expect(await from('192.0.2.1, 192.0.2.3')).to.equal(401)
    // A request that did not come through the server is its neighbour's.
    expect(await all(undefined, '', undefined)).to.deep.equal([401, 401, 429])
  })

  it('a key is one caller wherever it asks from, and takes nothing from its neighbours without one', async () => {
    const { apiKey } = await api.as()
    const ask = (address: string) => from(address, `Bearer ${apiKey}`)
    expect([await ask('192.0.2.10'), await ask('192.0.2.11'), await ask('192.0.2.12')]).to.deep.equal([200, 200, 429])
    expect(await all('192.0.2.10', '192.0.2.12')).to.deep.equal([401, 401])
  })

  it('whoever has a network of IPv6 is one caller in it', async () => {
    expect(await all('2001:db8:1:2::1', '2001:DB8:1:2:ffff::', '2001:db8:1:2::1')).to.deep.equal([401, 401, 429])
    expect(await all('2001:db8:1:2:3:4:5:6', '2001:db8:1:3::1')).to.deep.equal([429, 401])
  })

  it('a server that has no other in front takes the address of the connection', async () => {
    await api.stop()
    await api.start({ behindProxy: false })
    expect(await all('192.0.2.1', '192.0.2.2', '192.0.2.3')).to.deep.equal([401, 401, 429])
  })

  it('the same network has one name, however it is written', () => {
    const SAME: readonly (readonly [name: string, written: readonly string[]])[] = [
      ['192.0.2.1', ['192.0.2.1', '192.0.2.1:4711', '::ffff:192.0.2.1', '::ffff:c000:201', '64:ff9b::192.0.2.1']],
      [
        '2001:db8:0:1::/64',
        ['2001:db8:0:1::', '2001:0DB8:0000:0001:f:f:f:f', '[2001:db8:0:1::9]', '[2001:db8:0:1::9]:443'],
      ],
      ['fe80:0:0:0::/64', ['fe80::1', 'fe80::1%eth0', 'fe80::2']],
      ['0:0:0:0::/64', ['::1', '::', '::192.0.2.1']],
      ['2001:db8:0:0::/64', ['2001:db8::1', '2001:db8::1:2:3:4', '2001:db8::1:192.0.2.1']],
      ['unknown', ['unknown']],
    ]
    for (const [name, written] of SAME) {
      for (const address of written) expect(networkOf(address), address).to.equal(name)
    }
    expect(networkOf('x'.repeat(10_000))).to.have.length(64)
  })
})

describe('api: streams of events have places', function () {
  this.timeout(120_000)
  let network: Network
  let api: TestApi
  const open: ReadableStream<Uint8Array>[] = []

  before(async () => {
    network = await startNetwork()
    api = await TestApi.start(network, {
      behindProxy: true,
      streams: { all: 12, withoutKey: 8, ofAddress: 4, ofKey: 3 },
    })
  })
  beforeEach(async () => {
    open.length = 0
    await api.stop()
    await api.start()
    while ((await fetch(`${api.url}/ready`)).status !== 200) await network.chain.provider.getBlockNumber()
  })
  after(async () => {
    await api.remove()
    await network.chain.stop()
  })

  async function ask(address: string, key?: string, method = 'GET'): Promise<Response> {
    const headers = { 'x-forwarded-for': address, ...(key !== undefined && { authorization: `Bearer ${key}` }) }
    return fetch(`${api.url}/v1/events`, { headers, method })
  }
  async function listen(address: string, key?: string): Promise<number> {
    const response = await ask(address, key)
    if (response.status === 200) open.push(response.body!)
    else await response.arrayBuffer()
    return response.status
  }
  async function listenOften(times: number, address: string, key?: string): Promise<number[]> {
    const statuses: number[] = []
    while (statuses.length < times) statuses.push(await listen(address, key))
    return statuses
  }
  it('an address has its share and takes no other their events, however many addresses of its network it uses', async () => {
    expect(await listenOften(5, '192.0.2.1')).to.deep.equal([200, 200, 200, 200, 429])
    const refused = await ask('192.0.2.1')
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 60)
    const { error } = (await refused.json()) as { error: { code: string; message: string } }
    expect(error.code).to.equal('API_RATE_LIMITED')
    expect(error.message).to.include('4 streams of events of this address')
    const far = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4', '2001:db8::5']
    const statuses: number[] = []
    for (const address of far) statuses.push(await listen(address))
    expect(statuses).to.deep.equal([200, 200, 200, 200, 429])
  })

  /** Until the server has learnt that listeners are gone, which is a moment later. */
  async function listenAgain(times: number, address: string): Promise<void> {
    for (let free = 0, looks = 0; free < times; looks++) {
      expect(looks, 'looks for free places').to.be.lessThan(600)
      if ((await listen(address)) === 200) free++
      else await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  it('a place is free again when its listener is gone', async () => {
    expect(await listenOften(5, '192.0.2.2')).to.deep.equal([200, 200, 200, 200, 429])
    for (const stream of open.splice(0)) await stream.cancel()
    await listenAgain(4, '192.0.2.2')
    expect(await listen('192.0.2.2')).to.equal(429)
  })

  it('and so are those of questions that wait behind another one on its connection', async () => {
    const { hostname, port } = new URL(api.url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.write(`GET /v1/events HTTP/1.1\r\nhost: ${hostname}\r\nx-forwarded-for: 192.0.2.8\r\n\r\n`.repeat(4))
    await once(socket, 'data')
    expect(await listen('192.0.2.8')).to.equal(429)
    socket.destroy()
    await listenAgain(4, '192.0.2.8')
  })

  it('those without a key leave places for keys, of which each has its share', async () => {
    expect(await listenOften(4, '192.0.2.3')).to.deep.equal([200, 200, 200, 200])
    expect(await listenOften(4, '192.0.2.4')).to.deep.equal([200, 200, 200, 200])
    // Who comes later gets as many as the others are left with, and no more.
    expect(await listenOften(4, '192.0.2.5')).to.deep.equal([200, 200, 503, 503])
    const [first, second] = [await api.as(), await api.as()]
    expect(await listenOften(4, '192.0.2.3', first.apiKey)).to.deep.equal([200, 200, 200, 429])
    // One place is left of all; another one an address gives up that has more.
    expect(await listenOften(3, '192.0.2.5', second.apiKey)).to.deep.equal([200, 200, 503])
  })

  it('few addresses with all places give some up to others, the oldest first', async () => {
    await listenOften(4, '192.0.2.3')
    await listenOften(4, '192.0.2.4')
    const oldest = open[0]!.getReader()
    expect(await listenOften(2, '192.0.2.5')).to.deep.equal([200, 200])
    await readToEnd(oldest)
    // One who had its share is told so, as before.
    expect(await listenOften(2, '192.0.2.3')).to.deep.equal([503, 503])
  })

  it('a question for the headers alone holds no place', async () => {
    for (let times = 0; times < 20; times++) {
      const { status, headers } = await ask('192.0.2.7', undefined, 'HEAD')
      expect(status).to.equal(200)
      expect(headers.get('content-type')).to.include('text/event-stream')
    }
    expect(await listenOften(4, '192.0.2.7')).to.deep.equal([200, 200, 200, 200])
  })
})

/** @returns Bytes that came before it was cut. */
async function readToEnd(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<number> {
  for (let bytes = 0; ;) {
    const next = await reader.read().catch(() => undefined)
    if (next?.value === undefined) return bytes
    bytes += next.value.length
  }
}

describe('api: downloads of content have places', function () {
  this.timeout(120_000)
  let network: Network
  let api: TestApi

  before(async () => {
    network = await startNetwork()
    api = await TestApi.start(network, { behindProxy: true })
  })
  after(async () => {
    await api.remove()
    await network.chain.stop()
  })

  it('whoever asks and does not read has its share, which is free again when it goes', async () => {
    // More than what a connection takes unread.
    const bytes = randomBytes(24 << 20)
    const { digest } = await api.client.store!.put(bytes)
    const ask = (address: string, method = 'GET') =>
      fetch(`${api.url}/v1/content/${hexOf(digest)}`, { method, headers: { 'x-forwarded-for': address } })
    for (let times = 0; times < 80; times++) expect((await ask('192.0.2.1', 'HEAD')).status).to.equal(200)
    const slow: Response[] = []
    for (let times = 0; times < 64; times++) slow.push(await ask('192.0.2.1'))
    expect(slow.map(({ status }) => status)).to.deep.equal(Array(64).fill(200))
    const refused = await ask('192.0.2.1')
    expect(refused.status).to.equal(429)
    expect(await refused.text()).to.include('64 downloads of content of this address')
    const other = await ask('192.0.2.2')
    expect(Buffer.from(await other.arrayBuffer()).equals(bytes)).to.equal(true)
    for (const { body } of slow) await body!.cancel()
    for (let looks = 0; ; looks++) {
      expect(looks, 'looks for a free place').to.be.lessThan(600)
      const again = await ask('192.0.2.1')
      await again.body!.cancel()
      if (again.status === 200) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })

  it('few slow addresses hold them from nobody, and who does not read is cut, without a word of ours in its bytes', async () => {
    await api.stop()
    await api.start({ downloads: { all: 5, withoutKey: 4, ofAddress: 2, graceMs: 2_000, leastRate: 2 ** 30 } })
    const bytes = randomBytes(24 << 20)
    const small = randomBytes(64 << 10)
    const { digest } = await api.client.store!.put(bytes)
    // Sent at once, so that it is no matter of seconds on any machine.
    const { digest: another } = await api.client.store!.put(small)
    const ask = (address: string, of = digest) =>
      fetch(`${api.url}/v1/content/${hexOf(of)}`, { headers: { 'x-forwarded-for': address } })
    const slow = [await ask('192.0.2.1'), await ask('192.0.2.1'), await ask('192.0.2.2'), await ask('192.0.2.2')]
    expect(slow.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200])
    const quick = await ask('192.0.2.3', another)
    expect(Buffer.from(await quick.arrayBuffer()).equals(small)).to.equal(true)
    // Their time is over by then.
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    for (const { body } of slow) expect(await readToEnd(body!.getReader())).to.be.lessThan(bytes.length)
    const later = ['192.0.2.4', '192.0.2.5', '192.0.2.6', '192.0.2.7']
    const places = await Promise.all(later.map((address) => ask(address)))
    expect(places.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200])
    for (const { body } of places) await body!.cancel()
    expect(api.lines.filter((line) => line.includes('could not be sent'))).to.deep.equal([])
  })

  it('one whose bytes turn out to be others is cut, and the log says why', async () => {
    await api.stop()
    await api.start()
    const { digest } = await api.client.store!.put(randomBytes(1 << 20))
    const file = (await readdir(join(api.directory, 'content'), { recursive: true })).find((name) =>
      name.includes(hexOf(digest)),
    )
    await writeFile(join(api.directory, 'content', file!), randomBytes(1 << 20))
    const answer = await fetch(`${api.url}/v1/content/${hexOf(digest)}`).then(({ body }) =>
      readToEnd(body!.getReader()),
    )
    expect(answer).to.be.lessThan((1 << 20) + 1)
    expect(api.lines.filter((line) => line.includes('could not be sent'))).to.have.length(1)
  })
})
