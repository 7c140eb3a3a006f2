import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { workerError } from '../../errors/codes/worker.js'
import type { Logger } from '../log/Logger.js'

/** What is said about the health of a daemon. */
export interface HealthFigures {
  /** Seconds since the daemon last ended a round of its work. */
  readonly reconciledAge: number
  /** Media type of {@link text}. */
  readonly contentType: string
  /** The metrics, in Prometheus' text format. */
  text(): Promise<string>
  /** What keeps it from doing its work, besides hanging. @param seconds Without news after which it cannot. */
  obstacles(seconds: number): Readonly<Record<string, boolean>>
}

/** What a {@link HealthServer} needs. */
export interface HealthServerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly metrics: HealthFigures
  /** Seconds without news after which it is not ready. */
  readonly readySeconds: number
  readonly log: Logger
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

// A round may wait for slow endpoints; one that takes this long hangs, and a supervisor should start the worker anew.
const HANGS_AFTER_SECONDS = 300
const SOCKET_TIMEOUT_MS = 5_000
const MAX_CONNECTIONS = 32
const JSON_TYPE = 'application/json; charset=utf-8'

/** Answers `/live`, `/ready` and `/metrics` to whoever can reach it; it takes nothing in and tells no secrets. */
export class HealthServer {
  readonly #options: HealthServerOptions
  readonly #server: Server

  constructor(options: HealthServerOptions) {
    this.#options = options
    this.#server = createServer((request, response) => void this.#serve(request, response))
    this.#server.maxConnections = MAX_CONNECTIONS
    this.#server.headersTimeout = this.#server.requestTimeout = this.#server.timeout = SOCKET_TIMEOUT_MS
  }

  /**
   * Begins to listen.
   * @returns The port.
   * @throws GevulotError WORKER_CONFIG_INVALID when it cannot listen there.
   */
  async listen(): Promise<number> {
    const { host, port, log } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        const what = `cannot listen at ${host}:${port} (observeHost, observePort)`
        reject(workerError('WORKER_CONFIG_INVALID', `${what}: ${cause.code ?? cause.message}`, { cause }))
      })
      this.#server.listen(port, host, resolve)
    })
    const { port: bound } = this.#server.address() as AddressInfo
    log.info('health and metrics are served', { stage: 'start', address: `${host}:${bound}` })
    return bound
  }

  /** Stops listening and cuts what is connected. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, type, body } = await this.#answer(request).catch((error: unknown) => {
      this.#options.log.warn('a question about health could not be answered', { stage: 'observe', error })
      return { status: 500, type: JSON_TYPE, body: '{"error":"see the log"}\n' }
    })
    // Whoever sends a body is not heard to its end.
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', connection: 'close' })
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  async #answer({ method, url = '/' }: IncomingMessage): Promise<Answer> {
    const { metrics } = this.#options
    if (method !== 'GET' && method !== 'HEAD') return problem(405, 'only GET')
    switch (url.split('?', 1)[0]) {
      case '/live':
        return verdict({ hangs: metrics.reconciledAge > HANGS_AFTER_SECONDS })
      case '/ready':
        return verdict(this.#obstacles())
      case '/metrics':
        return { status: 200, type: metrics.contentType, body: await metrics.text() }
      default:
        return problem(404, 'there are /live, /ready and /metrics')
    }
  }

  #obstacles(): Readonly<Record<string, boolean>> {
    const { metrics, readySeconds } = this.#options
    return {
      hangs: metrics.reconciledAge > HANGS_AFTER_SECONDS,
      ...metrics.obstacles(readySeconds),
    }
  }
}

function verdict(obstacles: Readonly<Record<string, boolean>>): Answer {
  const why = Object.keys(obstacles).filter((name) => obstacles[name])
  return {
    status: why.length === 0 ? 200 : 503,
    type: JSON_TYPE,
    body: `${JSON.stringify({ ok: why.length === 0, why })}\n`,
  }
}

function problem(status: number, error: string): Answer {
  return { status, type: JSON_TYPE, body: `${JSON.stringify({ error })}\n` }
}
