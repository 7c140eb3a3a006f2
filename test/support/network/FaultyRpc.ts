import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What an endpoint does wrong. */
export const RPC_FAULTS = [
  ...(['none', 'stalls', 'drops', 'limits', 'breaks', 'garbles'] as const),
  ...(['old heads', 'leaves logs out', 'doubles logs'] as const),
] as const
/** One of them. */
export type RpcFault = (typeof RPC_FAULTS)[number]

interface Call {
  readonly id: unknown
  readonly method: string
  readonly params: readonly unknown[]
}

type Answer = { readonly result?: unknown } & Record<string, unknown>

/** A log as JSON-RPC has it. */
export interface RpcLog {
  readonly topics: readonly string[]
}

// These answer, but not the truth.
const LIES: readonly RpcFault[] = ['old heads', 'leaves logs out', 'doubles logs']
// Blocks by which an endpoint that lags is behind.
const LAG = 3n

/** An endpoint before a real node: it hands everything on, and goes wrong as it is told. */
export class FaultyRpc {
  fault: RpcFault = 'none'
  /** Requests that were answered wrongly, late or not at all. */
  spoiled = 0
  /** Which logs it leaves out; by default all. */
  hides: (log: RpcLog) => boolean = () => true
  /** Logs that it has left out, each time it did. */
  hidden = 0
  readonly #node: string
  readonly #server: Server
  #port = 0

  private constructor(node: string) {
    this.#node = node
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
  }

  /** @param node URL of the node. */
  static async start(node: string): Promise<FaultyRpc> {
    const rpc = new FaultyRpc(node)
    rpc.#server.listen(0, '127.0.0.1')
    await once(rpc.#server, 'listening')
    rpc.#port = (rpc.#server.address() as AddressInfo).port
    return rpc
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = Buffer.concat(parts).toString()
    const { fault } = this
    if (fault !== 'none' && !LIES.includes(fault)) this.spoiled++
    switch (fault) {
      case 'stalls':
        return
      case 'drops':
        return void request.socket.destroy()
      case 'limits':
        return void response.writeHead(429, { 'retry-after': '1' }).end('{"error":"too many requests"}')
      case 'breaks':
        return void response.writeHead(503).end('<html>service unavailable</html>')
      case 'garbles':
        return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":1,"resu')
      default: {
        const parsed = JSON.parse(body) as Call | readonly Call[]
        const answers = await this.#ask(body)
        const all = (Array.isArray(answers) ? answers : [answers]) as readonly Answer[]
        const calls = Array.isArray(parsed) ? (parsed as readonly Call[]) : [parsed as Call]
        const changed = await Promise.all(calls.map((call, index) => this.#spoil(fault, call, all[index] ?? {})))
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(Array.isArray(parsed) ? changed : changed[0]))
      }
    }
  }

  /** An answer as a node that lags or has a broken index of logs would give it. */
  async #spoil(fault: RpcFault, call: Call, answer: Answer): Promise<Answer> {
    if (fault === 'old heads') return this.#asOfOld(call, answer)
    if (fault === 'none' || call.method !== 'eth_getLogs' || !Array.isArray(answer.result)) return answer
    this.spoiled++
    const logs = answer.result as readonly RpcLog[]
    if (fault === 'doubles logs') return { ...answer, result: logs.flatMap((log) => [log, log]) }
    const result = logs.filter((log) => !this.hides(log))
    this.hidden += logs.length - result.length
    return { ...answer, result }
  }

  async #asOfOld({ method, params }: Call, answer: Answer): Promise<Answer> {
    if (method === 'eth_blockNumber' && typeof answer.result === 'string') {
      this.spoiled++
      return { ...answer, result: `0x${(BigInt(answer.result) - LAG).toString(16)}` }
    }
    if (method === 'eth_getBlockByNumber' && params[0] === 'latest') {
      const { number } = answer.result as { readonly number: string }
      const older = `0x${(BigInt(number) - LAG).toString(16)}`
      this.spoiled++
      const { result } = (await this.#ask(
        JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [older, params[1]] }),
      )) as Answer
      return { ...answer, result }
    }
    return answer
  }

  async #ask(body: string): Promise<Answer | readonly Answer[]> {
    const response = await fetch(this.#node, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    return (await response.json()) as Answer | readonly Answer[]
  }
}
