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
    new HttpStore(base(), { addresses: 'any', retryDelayMs: 1, ...options })

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

  /** Sends part of the content as a server does that holds it; `end` is exclusive. */
  const part = (response: ServerResponse, from: number, end: number): ServerResponse =>
    response.writeHead(from > 0 || end < content.length ? 206 : 200, {
      'content-length': end - from,
      'content-range': `bytes ${from}-${end - 1}/${content.length}`,
    })
  const fromOf = (request: IncomingMessage): number =>
    Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)

  it('goes on where a server ends a part of what was asked for', async () => {
    answer = (request, response) => {
      const from = fromOf(request)
      const end = Math.min(from + 20_000, content.length)
      part(response, from, end).end(content.subarray(from, end))
    }
    expect(Buffer.from(await open().get(digest, limit)).equals(content)).to.equal(true)
    expect(requests.map(({ headers }) => headers.range)).to.deep.equal([undefined, 'bytes=20000-', 'bytes=40000-'])
  })

  it('a transfer without a length that broke behind its last byte is complete', async () => {
    answer = (request, response) => {
      if (fromOf(request) > 0) response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
      else response.writeHead(200).write(content, () => setImmediate(() => response.destroy()))
    }
    expect(await open().get(digest, limit)).to.have.length(content.length)
    expect(requests).to.have.length(2)
    // Behind the last byte of something else nothing is complete.
    answer = (request, response) => {
      if (fromOf(request) > 0) response.writeHead(416, { 'content-range': 'bytes */7' }).end()
      else response.writeHead(200).write(content.subarray(1), () => setImmediate(() => response.destroy()))
    }
    await rejected(open({ attempts: 2 }).get(digest, limit), 'CONTENT_UNAVAILABLE')
  })

  it('what was put together out of two contents is read again from its beginning', async () => {
    const other = Buffer.alloc(content.length, 7)
    answer = (request, response, nth) => {
      const from = fromOf(request)
      const body = nth === 1 ? other : content
      if (nth === 1)
        response.writeHead(200, { 'content-length': body.length }).write(body.subarray(0, 10_000), () => setImmediate(() => response.destroy())) // prettier-ignore
      else part(response, from, content.length).end(body.subarray(from))
    }
    expect(Buffer.from(await open().get(digest, limit)).equals(content)).to.equal(true)
    expect(requests.map(({ headers }) => headers.range === undefined)).to.deep.equal([true, false, true])
    // Once: whoever goes on lying is not asked for ever.
    requests = []
    answer = (request, response, nth) => {
      const from = fromOf(request)
      if (nth % 2 === 1)
        response.writeHead(200, { 'content-length': other.length }).write(other.subarray(0, 10_000), () => setImmediate(() => response.destroy())) // prettier-ignore
      else part(response, from, content.length).end(content.subarray(from))
    }
    await rejected(open().get(digest, limit), 'CONTENT_DIGEST_MISMATCH')
    expect(requests).to.have.length(4)
  })

  it('a range that is not the one asked for, or contradicts itself, adds no byte', async () => {
    for (const range of ['bytes 5-49999/50000', 'bytes 10000-49999/20000', 'bytes x-y/z', undefined]) {
      requests = []
      answer = (_, response, nth) => {
        if (nth === 1) return void response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 10_000), () => setImmediate(() => response.destroy())) // prettier-ignore
        response.writeHead(206, { 'content-length': 40_000, ...(range !== undefined && { 'content-range': range }) })
        response.end(content.subarray(10_000))
      }
      let most = 0
      const onProgress = ({ received }: { received: number }): void => void (most = Math.max(most, received))
      await rejected(open({ attempts: 3 }).get(digest, { ...limit, onProgress }), 'CONTENT_UNAVAILABLE')
      expect(most, range).to.be.at.most(10_000)
    }
  })

  it('a transfer that gets on is not given up, one that begins again each time is', async () => {
    const large = Buffer.from(Array.from({ length: 700_000 }, (_, index) => index % 253))
    const broken = (from: number, response: ServerResponse, size: number): void => {
      const headers = { 'content-length': large.length - from, 'content-range': `bytes ${from}-${large.length - 1}/${large.length}` } // prettier-ignore
      response.writeHead(from > 0 ? 206 : 200, headers)
      response.write(large.subarray(from, from + size), () => setTimeout(() => response.destroy(), 50))
    }
    answer = (request, response) => broken(fromOf(request), response, 100_000)
    expect(await open({ attempts: 3 }).get(digestOf(large), limit)).to.have.length(large.length)
    expect(requests.length).to.be.at.least(7)
    requests = []
    answer = (_, response, nth) => broken(0, response, nth * 100_000)
    await rejected(open({ attempts: 3 }).get(digestOf(large), limit), 'CONTENT_UNAVAILABLE')
    expect(requests.length).to.be.at.most(4)
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
    await rejected(open({ attempts: 2, idleTimeoutMs: 300 }).get(digest, limit), 'CONTENT_TIMEOUT')
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

  it('gives up on a server that switches protocols, and no signal could end it', async () => {
    answer = (_, response) => {
      response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n')
    }
    await rejected(open({ attempts: 2 }).get(digest, limit), 'CONTENT_UNAVAILABLE')
    expect(requests).to.have.length(2)
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
