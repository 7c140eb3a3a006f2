import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { Transaction } from 'ethers'

/** What an endpoint does wrong. */
export const RPC_FAULTS = [
  ...(['none', 'stalls', 'drops', 'limits', 'breaks', 'garbles'] as const),
  ...(['limits in words', 'old heads', 'leaves logs out', 'doubles logs'] as const),
] as const
/** What one of several can do beside. */
const AMONG_OTHERS = [
  'boasts',
  'forges heads',
  'wrong chain',
  'other branch',
  'is short of funds',
  'rewrites logs',
  'refuses as geth',
] as const
/** One of them. */
export type RpcFault = (typeof RPC_FAULTS | typeof AMONG_OTHERS)[number]

/** A request as JSON-RPC has it. */
export interface Call {
  readonly id: unknown
  readonly method: string
  readonly params: readonly unknown[]
}

type Answer = { readonly result?: unknown } & Record<string, unknown>

/** A log as JSON-RPC has it. */
export interface RpcLog {
  readonly topics: readonly string[]
  readonly data: string
}

// These answer, but not the truth.
const LIES: readonly RpcFault[] = ['old heads', 'leaves logs out', 'doubles logs', ...AMONG_OTHERS]
// Blocks by which an endpoint that lags is behind, and by which one that boasts is ahead.
const LAG = 3n
const BOAST = 1_000n

/** An endpoint before a real node: it hands everything on, and goes wrong as it is told. */
export class FaultyRpc {
  fault: RpcFault = 'none'
  /** Requests that were answered wrongly, late or not at all. */
  spoiled = 0
  /** Requests whose connection was closed before they were answered. */
  left = 0
  /** Which logs it leaves out; by default all. */
  hides: (log: RpcLog) => boolean = () => true
  /** What it makes of a log where it rewrites them. */
  rewrites: (log: RpcLog) => RpcLog = (log) => log
  /** Milliseconds for which it holds back what this call was sent with; by default none. */
  delays: (call: Call) => number = () => 0
  /** What it takes of a transaction where it refuses as geth does: bytes, gas, and wei for it. */
  limits = { bytes: 131_072, gas: 2n ** 24n, blockGas: 30_000_000n, fee: 10n ** 18n }
  /** Which calls it hands on and never answers; by default none. */
  loses: (call: Call) => boolean = () => false
  /** What it says to every transaction where it refuses as geth does, in place of what its limits make it say. */
  says: string | undefined
  /** Logs that it has left out, each time it did. */
  hidden = 0
  /** How often each method was asked for. */
  readonly asked = new Map<string, number>()
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
    response.once('close', () => void (response.writableEnded || this.left++))
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = Buffer.concat(parts).toString()
    const { fault } = this
    const calls = ([JSON.parse(body)] as readonly (Call | readonly Call[])[]).flat() as readonly Call[]
    for (const { method } of calls) this.asked.set(method, (this.asked.get(method) ?? 0) + 1)
    await sleep(Math.max(0, ...calls.map((call) => this.delays(call))))
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
      case 'limits in words': {
        const error = { code: -32_005, message: 'daily request limit reached' }
        const refusals = calls.map(({ id }) => ({ jsonrpc: '2.0', id, error }))
        response.writeHead(200, { 'content-type': 'application/json' })
        return void response.end(JSON.stringify(body.startsWith('[') ? refusals : refusals[0]))
      }
      default: {
        const refusals = calls.map((call) => (fault === 'refuses as geth' ? this.#refusalOf(call) : undefined))
        const rest = calls.filter((_, index) => refusals[index] === undefined)
        this.spoiled += calls.length - rest.length
        const answers =
          rest.length === 0 ? [] : await this.#ask(rest.length === calls.length ? body : JSON.stringify(rest))
        const all = [...((Array.isArray(answers) ? answers : [answers]) as readonly Answer[])]
        const changed = await Promise.all(
          calls.map(async (call, index) => refusals[index] ?? this.#spoil(fault, call, all.shift() ?? {})),
        )
        if (calls.some((call) => this.loses(call))) {
          this.spoiled++
          return void request.socket.destroy()
        }
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body.startsWith('[') ? changed : changed[0]))
      }
    }
  }

  /** What geth says, word for word, to a transaction that it does not take: the node behind never hears of it. */
  #refusalOf({ id, method, params }: Call): Answer | undefined {
    if (method !== 'eth_sendRawTransaction') return undefined
    const raw = String(params[0])
    const { gasLimit, maxFeePerGas } = Transaction.from(raw)
    const { bytes, gas, blockGas, fee } = this.limits
    const size = raw.length / 2 - 1
    const ether = (wei: bigint): string => (Number(wei) / 1e18).toFixed(2)
    const cost = gasLimit * (maxFeePerGas ?? 0n)
    const message =
      this.says ??
      (size > bytes
        ? `oversized data: transaction size ${size}, limit ${bytes}`
        : gasLimit > gas
          ? `transaction gas limit too high (cap: ${gas}, tx: ${gasLimit})`
          : gasLimit > blockGas
            ? 'exceeds block gas limit'
            : cost > fee
              ? `tx fee (${ether(cost)} ether) exceeds the configured cap (${ether(fee)} ether)`
              : undefined)
    return message === undefined ? undefined : { jsonrpc: '2.0', id, error: { code: -32_000, message } }
  }

  /** An answer as a node that lags or has a broken index of logs would give it. */
  async #spoil(fault: RpcFault, call: Call, answer: Answer): Promise<Answer> {
    if (fault === 'old heads') return this.#asOfOld(call, answer)
    if (fault === 'boasts' || fault === 'forges heads') return this.#boast(fault, call, answer)
    if (fault === 'wrong chain' && call.method === 'eth_chainId') {
      this.spoiled++
      return { ...answer, result: '0x539' }
    }
    if (fault === 'is short of funds' && call.method === 'eth_sendRawTransaction') {
      this.spoiled++
      return { id: call.id, error: { code: -32_000, message: 'insufficient funds for gas * price + value' } }
    }
    if (
      fault === 'none' ||
      fault === 'refuses as geth' ||
      call.method !== 'eth_getLogs' ||
      !Array.isArray(answer.result)
    )
      return answer
    this.spoiled++
    const logs = answer.result as readonly RpcLog[]
    if (fault === 'other branch') return { ...answer, result: [...logs, ...logs.map(elsewhere)] }
    if (fault === 'rewrites logs') return { ...answer, result: logs.map((log) => this.rewrites(log)) }
    if (fault === 'doubles logs') return { ...answer, result: logs.flatMap((log) => [log, log]) }
    const result = logs.filter((log) => !this.hides(log))
    this.hidden += logs.length - result.length
    return { ...answer, result }
  }

  /** Claims a newest block far ahead; who forges even shows it. Nonces of accounts are as wrong. */
  #boast(fault: RpcFault, { method, params }: Call, answer: Answer): Answer {
    const ahead = (value: unknown): string => `0x${(BigInt(value as string) + BOAST).toString(16)}`
    const isHead = method === 'eth_getBlockByNumber' && params[0] === 'latest'
    const isShown = fault === 'forges heads' && method === 'eth_getBlockByNumber' && answer.result === null
    if (method === 'eth_blockNumber' || method === 'eth_getTransactionCount') {
      this.spoiled++
      return { ...answer, result: ahead(answer.result) }
    }
    if (isHead) {
      this.spoiled++
      const block = answer.result as { readonly number: string }
      return { ...answer, result: { ...block, number: ahead(block.number), hash: `0x${'ab'.repeat(32)}` } }
    }
    if (!isShown) return answer
    return { ...answer, result: { number: params[0], hash: `0x${'ab'.repeat(32)}` } }
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

/** A log as a node on another branch has one. */
function elsewhere(log: RpcLog): RpcLog {
  return { ...log, blockHash: `0x${'cd'.repeat(32)}`, logIndex: '0x3e7' } as RpcLog
}
