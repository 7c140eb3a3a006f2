import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve, type ServerType } from '@hono/node-server'
import { systemClock } from '../../clock.js'

const REQUEST_MS = 30_000
const HEADERS_MS = 10_000
const MOST_CONNECTIONS = 4_096
/** A caller that does not read its answer must not hold up a restart. */
const LAST_ANSWERS_MS = 5_000
const LOOK_MS = 50

/** A server that nobody can hold on to: bounded in connections and in the time of each. */
export class HttpServer {
  readonly #server: ServerType
  readonly #host: string

  private constructor(server: ServerType, host: string) {
    this.#server = server
    this.#host = host
  }

  /**
   * Begins to listen.
   * @param port 0: any free one.
   * @throws Error of the system when it cannot.
   */
  static listen(fetch: Parameters<typeof serve>[0]['fetch'], hostname: string, port: number): Promise<HttpServer> {
    return new Promise((resolve, reject) => {
      const serverOptions = { requestTimeout: REQUEST_MS, headersTimeout: HEADERS_MS }
      const server = serve({ fetch, hostname, port, serverOptions }, () => resolve(new HttpServer(server, hostname)))
      if ('maxConnections' in server) server.maxConnections = MOST_CONNECTIONS
      server.on('request', endWithConnection)
      server.once('error', reject)
    })
  }

  /** For example http://127.0.0.1:8546. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `http://${this.#host.includes(':') ? `[${this.#host}]` : this.#host}:${port}`
  }

  /** Answers that are being made are finished, for a while; connections that only wait are cut. */
  async close(): Promise<void> {
    const server = this.#server
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    const over = new AbortController()
    void closed.then(() => over.abort())
    for (let waited = 0; waited < LAST_ANSWERS_MS && !over.signal.aborted; waited += LOOK_MS) {
      // A connection whose answer has just ended waits for another request, which will not be heard.
      if ('closeIdleConnections' in server) server.closeIdleConnections()
      await systemClock.sleep(LOOK_MS, over.signal).catch(() => undefined)
    }
    if ('closeAllConnections' in server) server.closeAllConnections()
    await closed
  }
}

/** When a connection goes, Node.js 20 tells only the answer that is being sent, and not those that wait behind it: they would go on for ever. */
function endWithConnection(incoming: IncomingMessage, outgoing: ServerResponse): void {
  let isTold = false
  outgoing.once('close', () => (isTold = true))
  incoming.once('close', () => {
    if (incoming.errored !== null && !isTold) outgoing.emit('close')
  })
}
