import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request, as a server of ranges understands it. */
export interface RangeRequest {
  /** The nth since `requests` was emptied, from 1. */
  readonly nth: number
  readonly start: number
  /** Behind the last byte; undefined: all the rest. */
  readonly end: number | undefined
  readonly isRanged: boolean
  readonly ifRange: string | undefined
}

/** Takes an answer in hand before the server does; true: it is done, or will be. */
export type Meddle = (request: RangeRequest, response: ServerResponse) => boolean | Promise<boolean>

/** A web server of one content, with ranges, tags and `If-Range`, that goes wrong as it is told. */
export class RangeServer {
  content: Buffer
  tag: string | undefined = '"one"'
  meddle: Meddle = () => false
  requests: RangeRequest[] = []
  /** Answers under way now, and the most there were at a time. */
  open = 0
  most = 0
  readonly #server: Server

  private constructor(content: Buffer) {
    this.content = content
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
  }

  static async start(content: Buffer): Promise<RangeServer> {
    const server = new RangeServer(content)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  /** How ranges were asked for, in order of their beginnings. */
  get ranges(): readonly string[] {
    const of = ({ isRanged, start, end }: RangeRequest): string => (isRanged ? `${start}-${end ?? ''}` : 'all')
    return [...this.requests].sort((a, b) => a.start - b.start || a.nth - b.nth).map(of)
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** Answers as a server does that holds the content. @param sent How many bytes of it before the connection breaks; default all */
  serve({ start, end, isRanged, ifRange }: RangeRequest, response: ServerResponse, sent = Infinity): void {
    const isPart = isRanged && (ifRange === undefined || ifRange === this.tag)
    const [from, to] = isPart ? [start, Math.min(end ?? Infinity, this.content.length)] : [0, this.content.length]
    response.writeHead(isPart ? 206 : 200, {
      ...{ 'content-length': to - from, ...(this.tag !== undefined && { etag: this.tag }) },
      ...(isPart && { 'content-range': `bytes ${from}-${to - 1}/${this.content.length}` }),
    })
    const bytes = this.content.subarray(from, Math.min(to, from + sent))
    if (bytes.length === to - from) response.end(bytes)
    else response.write(bytes, () => setTimeout(() => response.destroy(), 20))
  }

  async #answer({ headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, start, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
    const request: RangeRequest = {
      ...{ nth: this.requests.length + 1, start: Number(start ?? 0), isRanged: start !== undefined },
      ...{ end: last ? Number(last) + 1 : undefined, ifRange: headers['if-range'] as string | undefined },
    }
    this.requests.push(request)
    this.most = Math.max(this.most, ++this.open)
    response.once('close', () => this.open--)
    if (!(await this.meddle(request, response))) this.serve(request, response)
  }
}
