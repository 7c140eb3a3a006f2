import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { cidOf, digestOf, hexOf } from '../../sdk/src/content/digest.js'
import { HttpStore, type HttpStoreOptions } from '../../sdk/src/content/HttpStore.js'
import { rejected } from '../support/rejected.js'

type Answer = (request: IncomingMessage, response: ServerResponse, nth: number) => void

const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251))
const digest = digestOf(content)
const limit = { maxBytes: 1 << 20 }

describe('content: HttpStore', () => {
  let server: Server
  let answer: Answer
  let requests: IncomingMessage[] = []

  before(async () => {
    server = createServer((request, response) => {
      requests.push(request)
      answer(request, response, requests.length)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  beforeEach(() => (requests = []))
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const base = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/c`
  const open = (options: HttpStoreOptions = {}): HttpStore =>
    new HttpStore(base(), { addresses: 'any', retryDelayMs: 1, idleTimeoutMs: 300, ...options })

  it('reads by hex and by CID, with progress', async () => {
    answer = (_, response) => response.writeHead(200, { 'content-length': content.length }).end(content)
    let last: unknown
    const bytes = await open().get(digest, { ...limit, onProgress: (progress) => (last = progress) })
    expect(Buffer.from(bytes).equals(content)).to.equal(true)
    expect(last).to.deep.equal({ received: content.length, total: content.length })
    await open({ form: 'cid' }).get(digest, limit)
    expect(requests.map(({ url }) => url)).to.deep.equal([`/c/${hexOf(digest)}`, `/c/${cidOf(digest)}`])
    expect(await open().has(digest)).to.equal(true)
  })

  it('resumes where the transfer broke', async () => {
    answer = (request, response, nth) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      const headers = {
        'content-length': content.length - from,
        ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
      }
      response.writeHead(from > 0 ? 206 : 200, headers)
      if (nth === 3) response.end(content.subarray(from))
      else response.write(content.subarray(from, from + 10_000), () => setImmediate(() => response.destroy()))
    }
    expect(await open().get(digest, limit)).to.have.length(content.length)
    expect(requests).to.have.length(3)
    expect(requests[2]?.headers.range).to.match(/^bytes=\d+-$/)
  })

  it('copes with servers that ignore the range', async () => {
    answer = (_, response, nth) => {
      response.writeHead(200, { 'content-length': content.length })
      if (nth === 2) response.end(content)
      else response.write(content.subarray(0, 10_000), () => setImmediate(() => response.destroy()))
    }
    expect(await open().get(digest, limit)).to.have.length(content.length)
  })

  it('retries what may pass, a bounded number of times', async () => {
    answer = (_, response, nth) => (nth < 3 ? response.writeHead(503).end() : response.end(content))
    await open().get(digest, limit)
    expect(requests).to.have.length(3)
    answer = (_, response) => response.writeHead(500).end()
    requests = []
    await rejected(open({ attempts: 4 }).get(digest, limit), 'CONTENT_UNAVAILABLE')
    expect(requests).to.have.length(4)
    answer = (_, response) => response.writeHead(404).end()
    requests = []
    await rejected(open().get(digest, limit), 'CONTENT_NOT_FOUND')
    expect(requests).to.have.length(1)
  })

  it('refuses lies about content and size', async () => {
    answer = (_, response) => response.end(Buffer.concat([content, Buffer.from('!')]))
    await rejected(open().get(digest, limit), 'CONTENT_DIGEST_MISMATCH')
    answer = (_, response) => response.end(content.subarray(1))
    await rejected(open().get(digest, limit), 'CONTENT_DIGEST_MISMATCH')
    answer = (_, response) => response.writeHead(200, { 'content-length': 2 ** 40 }).write('x')
    await rejected(open().get(digest, limit), 'CONTENT_TOO_LARGE')
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(content)
    await rejected(open().get(digest, limit), 'CONTENT_UNAVAILABLE')
    // Without a length the body is cut off at the limit, however long the server goes on.
    answer = (_, response) => {
      const more = (): void => void (response.destroyed || response.write(Buffer.alloc(65_536), more))
      more()
    }
    await rejected(open().get(digest, limit), 'CONTENT_TOO_LARGE')
  })

  it('gives up on silence, on dripping, and when told', async () => {
    answer = () => undefined
    await rejected(open({ attempts: 2 }).get(digest, limit), 'CONTENT_TIMEOUT')
    answer = (_, response) => {
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
    }
    await rejected(open({ totalTimeoutMs: 200 }).get(digest, limit), 'CONTENT_TIMEOUT')
    const reason = new Error('enough')
    const stopped = await open()
      .get(digest, { ...limit, signal: AbortSignal.timeout(50) })
      .catch((error: unknown) => error)
    expect((stopped as Error).name).to.equal('TimeoutError')
    expect(
      await open()
        .get(digest, { ...limit, signal: AbortSignal.abort(reason) })
        .catch((error: unknown) => error),
    ).to.equal(reason)
  })

  it('follows a few redirects, and none in circles', async () => {
    answer = (_, response, nth) =>
      nth < 3 ? response.writeHead(302, { location: '/there' }).end() : response.end(content)
    await open().get(digest, limit)
    answer = (_, response) => response.writeHead(302, { location: '/round' }).end()
    await rejected(open({ attempts: 1 }).get(digest, limit), 'CONTENT_UNAVAILABLE')
  })

  it('keeps strangers out of the local network', async () => {
    const { port } = server.address() as AddressInfo
    answer = (_, response) => response.end(content)
    for (const url of [
      `http://127.0.0.1:${port}/`,
      `http://[::1]:${port}/`,
      'http://2130706433/',
      'file:///etc/passwd',
      'http://user:word@example.org/',
      'nonsense',
    ]) {
      expect(() => new HttpStore(url), url)
        .to.throw()
        .with.property('code', 'CONTENT_ADDRESS_REFUSED')
    }
    await rejected(new HttpStore(`http://localhost:${port}/`).get(digest, limit), 'CONTENT_ADDRESS_REFUSED')
    expect(requests).to.have.length(0)
  })
})
