import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { digestOf } from '../../sdk/src/content/digest.js'
import { HttpStore, type HttpStoreOptions } from '../../sdk/src/content/HttpStore.js'
import { rejected } from '../support/rejected.js'
import { RangeServer, type Meddle } from '../support/stores/RangeServer.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const RANGE = 100_000
const content = randomBytes(10 * RANGE + 7)
const digest = digestOf(content)
const limit = { maxBytes: 64 * RANGE }
const starts = Array.from({ length: 11 }, (_, index) => index * RANGE)
const ALL = starts.map((start) => `${start}-${Math.min(start + RANGE, content.length)}`)

describe('content: ranges', () => {
  const directory = useTemporaryDirectory()
  let server: RangeServer

  beforeEach(async () => (server = await RangeServer.start(content)))
  afterEach(() => server.stop())

  const open = (options: HttpStoreOptions = {}): HttpStore =>
    new HttpStore(server.url, {
      ...{ addresses: 'any', retryDelayMs: 1, idleTimeoutMs: 10_000, rangeBytes: RANGE, rangesAtATime: 4 },
      ...options,
    })
  const read = async (options?: HttpStoreOptions): Promise<Buffer> =>
    Buffer.from(await open(options).get(digest, limit))
  const isRight = (bytes: Buffer): void => void expect(bytes.equals(content), 'the right bytes').to.equal(true)

  it('come several at a time, each once and of the same version, with progress', async () => {
    const held: (() => void)[] = []
    server.meddle = (request, response) => {
      // The first tells how large it is; then none is answered before four are asked for.
      if (request.nth === 1) return false
      held.push(() => server.serve(request, response))
      if (held.length >= 3 || request.nth >= 9) for (const answer of held.splice(0)) answer()
      return true
    }
    const told: number[] = []
    const onProgress = ({ received }: { received: number }): void => void told.push(received)
    isRight(Buffer.from(await open().get(digest, { ...limit, onProgress })))
    expect(server.ranges).to.deep.equal(ALL)
    expect(server.requests.map(({ ifRange }) => ifRange)).to.deep.equal([undefined, ...starts.slice(1).map(() => '"one"')]) // prettier-ignore
    expect(server.most).to.be.within(3, 4)
    expect(told.at(-1)).to.equal(content.length)
    expect(told).to.deep.equal([...told].sort((a, b) => a - b))
  })

  it('are not asked for what fits one, nor where one answer is wanted', async () => {
    await open()
      .get(digest, { maxBytes: content.length - 1 })
      .catch(() => undefined)
    server.requests = []
    await read({ rangesAtATime: 1 })
    await read({ rangeBytes: limit.maxBytes })
    expect(server.ranges).to.deep.equal(['all', 'all'])
    server.requests = []
    await read({ rangeBytes: content.length })
    await read({ rangeBytes: content.length - 1 })
    expect(server.ranges).to.deep.equal([`0-${content.length}`, `0-${content.length - 1}`, `${content.length - 1}-${content.length}`]) // prettier-ignore
  })

  it('no more of them are in memory than are asked for at a time, however slow the reader is', async () => {
    const chunks = open().open(digest, limit)[Symbol.asyncIterator]()
    await chunks.next()
    while (server.requests.length < 4) await sleep(5)
    while (server.open > 0) await sleep(5)
    await sleep(100)
    expect(server.requests).to.have.length(4)
    await chunks.return(undefined)
    await sleep(20)
    expect(server.requests).to.have.length(4)
  })

  it('that break go on where they broke', async () => {
    const broken = new Set<number>()
    server.meddle = (request, response) => {
      if (broken.has(request.end ?? 0)) return false
      broken.add(request.end ?? 0)
      server.serve(request, response, 7)
      return true
    }
    isRight(await read())
    const again = server.ranges.filter((range) => !ALL.includes(range))
    // The last one has no more than was sent.
    expect(again).to.deep.equal(
      ALL.slice(0, -1).map((range) => range.replace(/^\d+/, (start) => String(Number(start) + 7))),
    )
  })

  it('that are cut short by the server go on there, also when one is silent', async () => {
    let silent = 0
    server.meddle = (request, response) => {
      if (request.start === 5 * RANGE && silent++ === 0) return true
      server.serve({ ...request, end: Math.min(request.end ?? Infinity, request.start + 70_000) }, response)
      return true
    }
    isRight(await read({ idleTimeoutMs: 1_000 }))
    expect(silent).to.be.greaterThan(1)
    expect(server.requests.every(({ isRanged }) => isRanged)).to.equal(true)
  })

  it('a server that has none is read in one answer, and asked once', async () => {
    server.meddle = (request, response) => {
      server.serve({ ...request, isRanged: false }, response)
      return true
    }
    isRight(await read())
    expect(server.requests).to.have.length(1)
  })

  const liars: readonly (readonly [string, Meddle])[] = [
    ['a part that does not say which', (_, response) => end(response, 206, {}, content.subarray(0, RANGE))],
    [
      'parts in a list',
      (_, response) => end(response, 206, { 'content-type': 'multipart/byteranges; boundary=x' }, 'x'),
    ],
    ['another part', ({ start }, response) => end(response, 206, { 'content-range': `bytes ${start + 1}-${start + 7}/${content.length}` }, '1234567')], // prettier-ignore
    ['a part of unknown size', ({ start, end: last = 0 }, response) => end(response, 206, { 'content-range': `bytes ${start}-${last - 1}/*` }, content.subarray(start, last))], // prettier-ignore
    ['a part of more than there is', ({ start, end: last = 0 }, response) => end(response, 206, { 'content-range': `bytes ${start}-${last - 1}/${start + 1}` }, content.subarray(start, last))], // prettier-ignore
    ['a length that is another one', ({ start, end: last = 0 }, response) => end(response, 206, { 'content-range': `bytes ${start}-${last - 1}/${content.length}`, 'content-length': 3 }, 'abc')], // prettier-ignore
    ['nothing', (_, response) => end(response, 416, {}, '')],
    ['more than asked for', ({ start, end: last = 0 }, response) => endless(response, 206, { 'content-range': `bytes ${start}-${last - 1}/${content.length}` })], // prettier-ignore
    ['other bytes', ({ start, end: last = 0 }, response) => end(response, 206, { 'content-range': `bytes ${start}-${Math.min(last, content.length) - 1}/${content.length}` }, Buffer.alloc(Math.min(last, content.length) - start))], // prettier-ignore
  ]
  for (const [what, lie] of liars) {
    it(`a server that answers ${what} is read in one answer, from the first range on and from a later one on`, async () => {
      for (const from of [0, 3 * RANGE]) {
        server.requests = []
        server.meddle = (request, response) =>
          request.isRanged && request.end !== undefined && request.start >= from && lie(request, response)
        isRight(await read())
        expect(server.requests.some(({ end }) => end === undefined)).to.equal(true)
        // Nothing of it is asked for again and again.
        expect(server.requests.length).to.be.at.most(ALL.length + 1)
      }
      // And one that lies in every answer is found out.
      server.content = Buffer.from(content).fill(0, 4 * RANGE)
      server.meddle = (request, response) => request.end !== undefined && lie(request, response)
      await rejected(read(), 'CONTENT_DIGEST_MISMATCH')
    })
  }

  it('a server that ignores ranges later on is read on in one answer, without its bytes twice', async () => {
    server.meddle = (request, response) => {
      server.serve({ ...request, isRanged: request.nth === 1 }, response)
      return true
    }
    isRight(await read())
    expect(server.requests.filter(({ end }) => end === undefined)).to.have.length(1)
  })

  describe('of content that changes meanwhile are never put together', () => {
    const older = randomBytes(content.length)
    for (const keeps of [true, false]) {
      it(keeps ? 'where the server keeps to If-Range' : 'where it does not, but tells its tag', async () => {
        server.content = older
        server.tag = '"old"'
        server.meddle = (request, response) => {
          if (request.nth === 4) [server.content, server.tag] = [content, '"new"']
          if (!keeps) server.serve({ ...request, ifRange: undefined }, response)
          return !keeps
        }
        isRight(await read())
        // Read again from its beginning, in one answer.
        expect(server.ranges.filter((range) => range === 'all')).to.have.length(1)
        // A stream cannot begin again: it fails, and hands over nothing of the new version.
        ;[server.content, server.tag] = [older, '"old"']
        server.requests = []
        const chunks: Uint8Array[] = []
        const stream = async (): Promise<void> => {
          for await (const chunk of open().open(digest, limit)) chunks.push(chunk)
        }
        await rejected(stream(), 'CONTENT_UNAVAILABLE')
        const got = Buffer.concat(chunks)
        expect(got.equals(older.subarray(0, got.length))).to.equal(true)
      })
    }

    it('where nothing but its size tells', async () => {
      server.tag = undefined
      server.content = older.subarray(0, content.length - 1)
      server.meddle = ({ nth }) => {
        if (nth === 4) server.content = content
        return false
      }
      isRight(await read())
    })

    it('where nothing tells: the digest does, and it is read once more', async () => {
      server.tag = undefined
      server.content = older
      server.meddle = ({ nth }) => {
        if (nth === 4) server.content = content
        return false
      }
      isRight(await read())
    })

    it('and a resumed transfer in one answer keeps to it too', async () => {
      server.content = older
      server.meddle = (request, response) => {
        if (request.nth > 1) return false
        server.serve(request, response, 70_000)
        ;[server.content, server.tag] = [content, '"new"']
        return true
      }
      isRight(await read({ rangesAtATime: 1 }))
      expect(server.requests.map(({ start, ifRange }) => [start > 0, ifRange])).to.deep.equal([[false, undefined], [true, '"one"'], [false, undefined]]) // prettier-ignore
    })

    it('and one that never stays the same is given up', async () => {
      let version = 0
      server.meddle = (request, response) => {
        server.tag = `"${version++}"`
        server.serve({ ...request, ifRange: undefined }, response, 30_000)
        return true
      }
      await rejected(read(), 'CONTENT_UNAVAILABLE')
      expect(server.requests.length).to.be.at.most(12)
    })
  })

  it('caps hold: what is said to be larger is refused at once, and what is larger than said never comes', async () => {
    await rejected(open().get(digest, { maxBytes: content.length - 1 }), 'CONTENT_TOO_LARGE')
    expect(server.requests).to.have.length(1)
    server.meddle = ({ start }, response) =>
      endless(response, 206, { 'content-range': `bytes ${start}-${start + RANGE - 1}/${3 * RANGE}` })
    const path = join(directory(), 'endless')
    let most = 0
    const onProgress = ({ received }: { received: number }): void => void (most = Math.max(most, received))
    await open({ attempts: 2 })
      .save(digest, path, { maxBytes: 3 * RANGE, onProgress })
      .then(
        () => expect.fail('it was taken'),
        () => undefined,
      )
    expect(most).to.be.at.most(3 * RANGE)
    expect(readdirSync(directory()).filter((name) => name.startsWith('endless'))).to.deep.equal([])
  })

  it('a server that takes one connection at a time is read all the same', async () => {
    server.meddle = (_, response) => {
      if (server.open < 2) return false
      response.writeHead(503).end()
      return true
    }
    const path = join(directory(), 'one')
    expect(await open({ attempts: 3 }).save(digest, path, limit)).to.equal(content.length)
    isRight(readFileSync(path))
  })

  it('a server that dies in the middle is an error that says so, and all ends', async () => {
    server.meddle = ({ nth }, response) => {
      if (nth < 5) return false
      response.destroy()
      return true
    }
    await rejected(read({ attempts: 2 }), 'CONTENT_UNAVAILABLE')
    const { length } = server.requests
    while (server.open > 0) await sleep(5)
    await sleep(50)
    expect(server.requests).to.have.length(length)
  })

  it('told to stop, all of them end', async () => {
    const stop = new AbortController()
    server.meddle = ({ nth }) => nth > 1
    const reading = open()
      .get(digest, { ...limit, signal: stop.signal })
      .catch((error: unknown) => error)
    while (server.open < 3) await sleep(5)
    const reason = new Error('enough')
    stop.abort(reason)
    expect(await reading).to.equal(reason)
    while (server.open > 0) await sleep(5)
  })
})

function end(
  response: ServerResponse,
  status: number,
  headers: Record<string, string | number>,
  body: string | Buffer,
): true {
  // prettier-ignore
  response.writeHead(status, headers).end(body)
  return true
}

/** As fast as the reader takes it, until it closes. */
function endless(response: ServerResponse, status: number, headers: Record<string, string>): true {
  response.writeHead(status, headers)
  const block = Buffer.alloc(65_536)
  const more = (): void => {
    while (!response.destroyed && response.write(block));
  }
  response.on('drain', more)
  more()
  return true
}
