import { createReadStream } from 'node:fs'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** What a content server does wrong. */
export const CONTENT_FAULTS = ['wrong bytes', 'endless bytes', 'slow bytes', 'a redirect', 'none'] as const
/** One of them. */
export type ContentFault = (typeof CONTENT_FAULTS)[number]

const DRIP_MS = 1_000
const BLOCK = Buffer.alloc(65_536, 7)

/** A server of a content directory, that goes wrong as it is told. */
export class FaultyContent {
  fault: ContentFault
  /** Where a redirect leads. */
  victim = ''
  /** Paths that were asked for. */
  readonly asked: string[] = []
  readonly #directory: string
  readonly #server: Server
  readonly #drips = new Set<NodeJS.Timeout>()

  private constructor(directory: string, fault: ContentFault) {
    this.#directory = directory
    this.fault = fault
    this.#server = createServer((request, response) => {
      const path = request.url ?? ''
      this.asked.push(path)
      this.#serve(path, response).catch(() => response.destroy())
    })
  }

  /** @param directory Root of a `DirectoryStore`. */
  static async start(directory: string, fault: ContentFault): Promise<FaultyContent> {
    const server = new FaultyContent(directory, fault)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async stop(): Promise<void> {
    for (const drip of this.#drips) clearInterval(drip)
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(path: string, response: ServerResponse): Promise<void> {
    // As a gateway it is asked for /ipfs/<CID>/<digest>.
    const digest = path.split('/').at(-1) ?? ''
    const file = join(this.#directory, digest.slice(0, 2), digest)
    if (!/^[0-9a-f]{64}$/.test(digest)) return void response.writeHead(404).end()
    if (this.fault === 'a redirect') return void response.writeHead(302, { location: `${this.victim}${digest}` }).end()
    const size = await stat(file).then(
      (found) => found.size,
      () => undefined,
    )
    if (size === undefined) return void response.writeHead(404).end()
    switch (this.fault) {
      case 'none':
        response.writeHead(200, { 'content-length': size })
        return void createReadStream(file).pipe(response)
      case 'wrong bytes': {
        const bytes = await readFile(file)
        bytes[0]! ^= 1
        return void response.writeHead(200, { 'content-length': size }).end(bytes)
      }
      case 'endless bytes': {
        response.writeHead(200)
        const more = (): void => {
          while (!response.destroyed && response.write(BLOCK));
        }
        response.on('drain', more)
        return more()
      }
      case 'slow bytes': {
        response.writeHead(200, { 'content-length': size })
        const drip = setInterval(() => response.write(Buffer.alloc(1)), DRIP_MS)
        this.#drips.add(drip)
        response.on('close', () => clearInterval(drip))
        return
      }
    }
  }
}
