import { chmod, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { GevulotError } from '../../errors/GevulotError.js'
import { workerError } from '../../errors/codes/worker.js'
import type { Logger } from '../log/Logger.js'
import { CONTROL_SOCKET, controlQuestion, type ControlQuestion } from './question.js'

/** Answers a question; what it throws goes back as an error. */
export type ControlHandler = (question: ControlQuestion) => Promise<unknown>

// The kernel's limit of a socket's path, less its end.
const MAX_PATH_BYTES = 107
const MAX_BODY_BYTES = 4_096
const SOCKET_TIMEOUT_MS = 10_000
const MAX_CONNECTIONS = 16

/**
 * Takes questions and orders of whoever may use the socket in the data directory: the user that the worker runs as, and root. Nothing
 * comes over the network.
 */
export class ControlServer {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /**
   * Begins to listen. The caller holds the directory's lock, so a socket that is there belongs to nobody.
   * @throws GevulotError WORKER_CONTROL_UNAVAILABLE
   */
  static async listen(directory: string, handle: ControlHandler, log: Logger): Promise<ControlServer> {
    const path = join(directory, CONTROL_SOCKET)
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
      const message = `the path ${path} is longer than the ${MAX_PATH_BYTES} bytes that a socket may have`
      throw workerError('WORKER_CONTROL_UNAVAILABLE', message)
    }
    const server = createServer((request, response) => void serve(request, response, handle, log))
    server.maxConnections = MAX_CONNECTIONS
    server.headersTimeout = server.requestTimeout = server.timeout = SOCKET_TIMEOUT_MS
    try {
      await rm(path, { force: true })
      await listening(server, path)
      await chmod(path, 0o600)
    } catch (cause) {
      server.close()
      throw workerError('WORKER_CONTROL_UNAVAILABLE', `cannot listen at ${path}`, { cause })
    }
    return new ControlServer(server)
  }

  /** Stops listening and removes the socket. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }
}

function listening(server: Server, path: string): Promise<void> {
  // There must be no moment in which others may connect.
  const mask = process.umask(0o177)
  try {
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  } finally {
    process.umask(mask)
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  handle: ControlHandler,
  log: Logger,
): Promise<void> {
  const answer = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
    response.end(JSON.stringify(body, (_, entry: unknown) => (typeof entry === 'bigint' ? entry.toString() : entry)))
  }
  try {
    const question = controlQuestion.safeParse(await bodyOf(request))
    if (!question.success) return answer(400, { error: refusal('the question is none that this worker knows') })
    answer(200, { result: (await handle(question.data)) ?? null })
  } catch (error) {
    if (error instanceof GevulotError) return answer(400, { error: errorOf(error) })
    log.error('a question at the control socket could not be answered', { stage: 'control', error })
    answer(500, { error: refusal('see the log of the worker') })
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += (part as Buffer).length
    if (size > MAX_BODY_BYTES) return undefined
    parts.push(part as Buffer)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

function refusal(message: string) {
  return errorOf(workerError('WORKER_CONTROL_UNAVAILABLE', message))
}

function errorOf({ code, message }: GevulotError) {
  return { code, message }
}
