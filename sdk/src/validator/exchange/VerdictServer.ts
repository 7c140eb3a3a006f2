import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { validatorError } from '../../errors/codes/validator.js'
import type { VerdictShelf } from './VerdictShelf.js'

const MAX_CONNECTIONS = 64
const TIMEOUT_MS = 5_000
const PATH = /^\/verdicts\/(0x[0-9a-fA-F]{64})\/(\d{1,3})$/

/**
 * Shows the verdicts signed here to other validators. It can only be read, and knows nothing but what will be on the chain anyway,
 * so nobody has to be trusted or turned away.
 */
export class VerdictServer {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /**
   * Begins to listen.
   * @param endpoint `host:port`; port 0: any free one.
   * @throws GevulotError VALIDATOR_LISTEN_FAILED
   */
  static async listen(endpoint: string, shelf: VerdictShelf): Promise<VerdictServer> {
    const colon = endpoint.lastIndexOf(':')
    const host = endpoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
    const server = createServer((request, response) => answer(request, response, shelf))
    server.maxConnections = MAX_CONNECTIONS
    server.headersTimeout = TIMEOUT_MS
    server.requestTimeout = TIMEOUT_MS
    server.setTimeout(TIMEOUT_MS)
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const what = `cannot listen at ${endpoint} (listen): ${cause.code ?? cause.message}`
        reject(validatorError('VALIDATOR_LISTEN_FAILED', what, { cause }))
      })
      server.listen(Number(endpoint.slice(colon + 1)), host, resolve)
    })
    return new VerdictServer(server)
  }

  /** The port it listens at. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Stops listening and ends every connection. */
  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }
}

function answer({ method, url }: IncomingMessage, response: ServerResponse, shelf: VerdictShelf): void {
  const [, workload, attempt] = PATH.exec(url ?? '') ?? []
  const shared = workload === undefined ? undefined : shelf.find(workload, Number(attempt))
  const status = method !== 'GET' ? 405 : shared === undefined ? 404 : 200
  const body = status === 200 ? JSON.stringify(shared) : ''
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body)
}
