import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { expect } from 'chai'
import { ENDPOINTS } from '../../sdk/src/api/contract/endpoints.js'
import { RateLimiter } from '../../sdk/src/api/server/RateLimiter.js'
import { TestApi } from '../support/api.js'
import { aProgram, startNetwork, type Network } from '../support/network.js'

interface Problem {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string }
}

describe('api: hostile input', function () {
  this.timeout(120_000)
  let network: Network
  let program: string
  let api: TestApi
  let apiKey: string
  let own: Server
  const asked: string[] = []

  before(async () => {
    network = await startNetwork()
    program = await aProgram(network, await network.client())
    api = await TestApi.start(network)
    apiKey = (await api.as()).apiKey
    own = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.end()
    }).listen(0, '127.0.0.1')
    await once(own, 'listening')
  })
  after(async () => {
    own.close()
    await api.remove()
    await network.chain.stop()
  })

  const valid = () => ({ program, inputs: { files: { public_inputs: 'AAAA' } }, maxRunTime: 600 })

  async function post(body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const own = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
    return fetch(`${api.url}/v1/requests`, { method: 'POST', body, headers: { ...own, ...headers } })
  }

  /** The answer is a problem of this status and code, with a hint, and nothing of the inside. */
  async function refused(response: Response, status: number, code: string): Promise<string> {
    const text = await response.text()
    expect(response.status, text).to.equal(status)
    const { error } = JSON.parse(text) as Problem
    expect(error.code).to.equal(code)
    expect(error.hint).to.match(/^[A-Z].{15,}\.$/)
    expect(text).not.to.match(/node_modules|\.ts:|at async|\/tmp\//)
    return error.message
  }

  const MALFORMED: readonly (readonly [what: string, body: unknown, message: RegExp])[] = [
    ['a list', [], /expected object/],
    ['null', null, /expected object/],
    ['an unknown member', { ...valid_(), feee: '1' }, /feee/],
    ['a number as amount', { ...valid_(), fee: 1 }, /body\.fee/],
    ['a negative amount', { ...valid_(), fee: '-1' }, /body\.fee/],
    ['an amount beyond 128 bits', { ...valid_(), fee: '9'.repeat(40) }, /body\.fee/],
    ['a hexadecimal amount', { ...valid_(), fee: '0x10' }, /body\.fee/],
    ['a run time of nothing', { ...valid_(), maxRunTime: 0 }, /body\.maxRunTime/],
    ['a run time of half a second', { ...valid_(), maxRunTime: 0.5 }, /body\.maxRunTime/],
    ['a run time for ever', { ...valid_(), maxRunTime: 1e300 }, /body\.maxRunTime/],
    ['nine slots', { ...valid_(), redundancy: 9 }, /body\.redundancy/],
    ['a short program', { ...valid_(), program: '0x12' }, /body\.program/],
    ['no inputs', { ...valid_(), inputs: {} }, /body\.inputs/],
    ['no public inputs', { ...valid_(), inputs: { files: { a: 'AAAA' } } }, /body\.inputs/],
    ['no base64', { ...valid_(), inputs: { files: { public_inputs: '§§' } } }, /body\.inputs/],
    ['a path as name', { ...valid_(), inputs: { files: { public_inputs: '', '../../etc/x': '' } } }, /body\.inputs/],
    ['files and a digest', { ...valid_(), inputs: { files: { public_inputs: '' }, digest: '0x' } }, /body\.inputs/],
    ['half a character', { ...valid_(), inputs: { files: { public_inputs: '' }, args: ['\ud800'] } }, /body\.inputs/],
    ['a file as address', { ...valid_(), inputs: { ...ids(), uri: 'file:///etc/passwd' } }, /body\.inputs/],
  ]
  function valid_() {
    return { program: `0x${'00'.repeat(32)}`, inputs: { files: { public_inputs: '' } }, maxRunTime: 600 }
  }
  function ids() {
    return { digest: `0x${'11'.repeat(32)}`, publicInputs: `0x${'22'.repeat(32)}` }
  }

  for (const [what, body, message] of MALFORMED) {
    it(`refuses ${what}`, async () => {
      expect(await refused(await post(JSON.stringify(body)), 400, 'API_REQUEST_INVALID')).to.match(message)
    })
  }

  it('refuses what is no JSON, or says it is something else', async () => {
    await refused(await post('{"program":'), 400, 'API_REQUEST_INVALID')
    await refused(await post('['.repeat(100_000)), 400, 'API_REQUEST_INVALID')
    await refused(await post(JSON.stringify(valid()), { 'content-type': 'text/plain' }), 400, 'API_REQUEST_INVALID')
  })

  it('names that are special to JavaScript are names like any other', async () => {
    const text = JSON.stringify(valid()).replace('"public_inputs"', '"__proto__":"AAAA","public_inputs"')
    const response = await post(text)
    expect(response.status).to.be.oneOf([202, 400])
    expect(({} as Record<string, unknown>)['AAAA']).to.equal(undefined)
    await refused(await post(text.replace('__proto__', 'a/b')), 400, 'API_REQUEST_INVALID')
    await refused(await fetch(`${api.url}/v1/constructor`), 404, 'API_NOT_FOUND')
  })

  it('refuses bodies beyond its limit, announced or not', async () => {
    const big = JSON.stringify({ ...valid(), inputs: { files: { public_inputs: 'A'.repeat(5 * 2 ** 20) } } })
    await refused(await post(big), 413, 'API_TOO_LARGE')
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < big.length; at += 2 ** 16) controller.enqueue(Buffer.from(big.slice(at, at + 2 ** 16)))
        controller.close()
      },
    })
    const answer = fetch(`${api.url}/v1/requests`, {
      method: 'POST',
      body: stream,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      duplex: 'half',
    })
    // The connection may be cut before all is sent.
    const response = await answer.catch(() => undefined)
    if (response !== undefined) await refused(response, 413, 'API_TOO_LARGE')
    expect((await fetch(`${api.url}/live`)).status).to.equal(200)
  })

  it('everything that needs a key refuses to go on without one, with a wrong one, and with half of one', async () => {
    const wrong = apiKey.slice(0, -4) + (apiKey.endsWith('AAAA') ? 'BBBB' : 'AAAA')
    const bad = [undefined, '', 'Bearer', 'Basic YTpi', `Bearer ${wrong}`, `Bearer ${apiKey.slice(0, 40)}`, apiKey]
    for (const { method, path, key } of Object.values(ENDPOINTS)) {
      if (!key) continue
      const url = api.url + path.replace('{request}', '0'.repeat(32))
      for (const authorization of bad) {
        const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) }
        const body = method === 'POST' ? JSON.stringify(valid()) : null
        await refused(await fetch(url, { method, headers, body }), 401, 'API_UNAUTHORISED')
      }
    }
    // A wrong key is told so where none is needed, too.
    const network = await fetch(`${api.url}/v1/network`, { headers: { authorization: `Bearer ${wrong}` } })
    await refused(network, 401, 'API_UNAUTHORISED')
  })

  it('refuses paths and queries that are not its own', async () => {
    const cases: readonly (readonly [string, number, string])[] = [
      ['/v1/workloads/0x12', 400, 'API_REQUEST_INVALID'],
      [`/v1/workloads/0x${'00'.repeat(32)}`, 404, 'CLIENT_WORKLOAD_UNKNOWN'],
      [`/v1/workloads/0x${'00'.repeat(32)}/events`, 404, 'CLIENT_WORKLOAD_UNKNOWN'],
      [`/v1/programs/0x${'77'.repeat(32)}`, 404, 'CONTRACT_UNKNOWN_PROGRAM'],
      [`/v1/quote?program=${program}&maxRunTime=1&maxRunTime=2`, 400, 'API_REQUEST_INVALID'],
      [`/v1/quote?program=${program}&maxRunTime=NaN`, 400, 'API_REQUEST_INVALID'],
      [`/v1/quote?program=${program}&maxRunTime=1&redundancy=-1`, 400, 'API_REQUEST_INVALID'],
      [`/v1/quote?program=${program}&maxRunTime=1&__proto__[x]=1`, 400, 'API_REQUEST_INVALID'],
      [`/v1/quote?program=${program}&maxRunTime=600&fee=1`, 422, 'CONTRACT_FEE_TOO_LOW'],
      ['/v1/content/..%2f..%2fetc%2fpasswd', 400, 'CONTENT_DIGEST_INVALID'],
      [`/v1/content/${'0'.repeat(64)}`, 404, 'API_NOT_FOUND'],
      ['/v1/content/../requests', 401, 'API_UNAUTHORISED'],
      ['/v1', 404, 'API_NOT_FOUND'],
      ['/v1/workload', 404, 'API_NOT_FOUND'],
      ['/assets/none.js', 404, 'API_NOT_FOUND'],
    ]
    for (const [path, status, code] of cases) await refused(await fetch(api.url + path), status, code)
    const bad = { headers: { 'last-event-id': '1.0x00' } }
    await refused(await fetch(`${api.url}/v1/workloads/0x${'00'.repeat(32)}/events`, bad), 400, 'API_REQUEST_INVALID')
  })

  it('refuses Idempotency-Keys that are none', async () => {
    for (const key of ['', ' ', 'ü', 'a b', 'x'.repeat(129)]) {
      const response = await post(JSON.stringify(valid()), { 'idempotency-key': key })
      await refused(response, 400, 'API_REQUEST_INVALID')
    }
  })

  it('never fetches an address that a client names', async () => {
    const { port } = own.address() as AddressInfo
    const inputs = { ...ids(), uri: `http://127.0.0.1:${port}/secret` }
    const response = await post(JSON.stringify({ ...valid(), inputs }))
    expect(response.status).to.equal(202)
    expect(asked).to.deep.equal([])
  })

  it('lives through bytes that are no HTTP', async () => {
    const { port } = new URL(api.url)
    for (const bytes of ['\0\0\0\0', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n', 'A'.repeat(100_000)]) {
      const socket = connectTcp(Number(port), '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(bytes)
      socket.resume()
      await new Promise((resolve) => socket.once('close', resolve))
    }
    expect((await fetch(`${api.url}/live`)).status).to.equal(200)
  })

  it('slows down who asks too often, each caller for itself', () => {
    const limiter = new RateLimiter(2, 3)
    const take = (name: string, now: number) => limiter.take(name, now)
    expect([take('a', 0), take('a', 0), take('a', 0), take('a', 0)]).to.deep.equal([0, 0, 0, 1])
    expect(take('b', 0)).to.equal(0)
    expect([take('a', 500), take('a', 500)]).to.deep.equal([0, 1])
    expect(take('a', 10_000)).to.equal(0)
    // A clock that goes back gives nothing.
    expect([take('c', 9_000), take('c', 8_000), take('c', 7_000), take('c', 6_000)]).to.deep.equal([0, 0, 0, 1])
  })

  it('says when to come back', async () => {
    const slow = await TestApi.start(network, { rate: { perSecond: 0.02, burst: 2 } })
    try {
      const answers = [1, 2, 3].map(() => fetch(`${slow.url}/v1/network`))
      const limited = (await Promise.all(answers)).filter(({ status }) => status === 429)
      expect(limited).to.have.length(1)
      expect(Number(limited[0]!.headers.get('retry-after'))).to.be.within(1, 50)
      await refused(limited[0]!, 429, 'API_RATE_LIMITED')
    } finally {
      await slow.remove()
    }
  })
})
