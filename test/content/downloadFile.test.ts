import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { downloadFile } from '../../sdk/src/content/downloadFile.js'
import { rejected } from '../support/rejected.js'
import { useTemporaryDirectory } from '../support/temporary.js'

const content = Buffer.from(Array.from({ length: 700_000 }, (_, index) => index % 251))

describe('content: downloadFile', () => {
  const directory = useTemporaryDirectory()
  let server: Server
  let asked = 0
  /** How many bytes the answer to the nth request brings before it breaks. */
  let pieces: (nth: number) => number = () => content.length

  before(async () => {
    server = createServer(({ headers }, response: ServerResponse) => {
      const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0)
      const end = Math.min(content.length, from + pieces(++asked))
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': content.length - from,
        ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
      })
      response.flushHeaders()
      response.write(content.subarray(from, end), () => {
        if (end === content.length) response.end()
        else setTimeout(() => response.destroy(), 20)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  beforeEach(() => (asked = 0))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = (): URL => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/file`)

  it('goes on as long as it gets on, also in what would be the last attempt', async () => {
    const path = join(directory(), 'file')
    // Two attempts bring nothing, and each third one something: none of them is the last.
    pieces = (nth) => (nth % 3 === 0 ? 100_000 : 0)
    const options = { maxBytes: content.length, attempts: 3, retryDelayMs: 1 }
    expect(await downloadFile(url(), path, options)).to.equal(content.length)
    expect(readFileSync(path).equals(content)).to.equal(true)
    expect(asked).to.equal(21)
  })

  it('gives up on a server that switches protocols', async () => {
    const switching = createServer((_, response: ServerResponse) => {
      response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n')
    })
    await new Promise<void>((resolve) => switching.listen(0, '127.0.0.1', resolve))
    try {
      const there = new URL(`http://127.0.0.1:${(switching.address() as AddressInfo).port}/file`)
      const path = join(directory(), 'switched')
      await rejected(downloadFile(there, path, { maxBytes: content.length, attempts: 1 }), 'CONTENT_UNAVAILABLE')
    } finally {
      switching.closeAllConnections()
      switching.close()
    }
  })

  it('gives up after so many attempts that brought nothing, and goes on from there when it is called again', async () => {
    const path = join(directory(), 'other')
    pieces = (nth) => (nth === 1 ? 100_000 : 0)
    await rejected(downloadFile(url(), path, { maxBytes: content.length, attempts: 2, retryDelayMs: 1 }), 'CONTENT_UNAVAILABLE') // prettier-ignore
    expect(asked).to.equal(3)
    pieces = () => content.length
    await downloadFile(url(), path, { maxBytes: content.length })
    expect(readFileSync(path).equals(content)).to.equal(true)
  })
})
