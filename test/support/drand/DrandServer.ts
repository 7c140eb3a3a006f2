import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { QUICKNET } from '../../../sdk/src/beacon/index.js'
import { ROUNDS } from './rounds.js'

/** Answers a request; undefined leaves it to the recorded rounds. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** Serves recorded rounds of quicknet on the loopback interface as drand's HTTP servers do, or what the test wants instead. */
export class DrandServer {
  readonly url: string
  /** Paths asked for, in order. */
  readonly asked: string[] = []
  readonly #server: Server

  private constructor(server: Server, asked: string[]) {
    this.#server = server
    this.asked = asked
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(answer: Answer = serveRecorded): Promise<DrandServer> {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      answer(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new DrandServer(server, asked)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** What a drand server answers for rounds it has; 404 for others. */
export function serveRecorded(request: IncomingMessage, response: ServerResponse): void {
  const [, hash, kind, number] = (request.url ?? '').split('/')
  const round = Number(number)
  const found = hash === QUICKNET.chainHash && kind === 'public' ? ROUNDS.get(round) : undefined
  if (found === undefined) response.writeHead(404).end('{"error":"not found"}')
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ round, ...found }))
}
