import {
  JsonRpcProvider,
  keccak256,
  makeError,
  Network,
  type JsonRpcError,
  type JsonRpcPayload,
  type JsonRpcResult,
  type Log,
  type LogParams,
} from 'ethers'
import { CallProvider } from './CallProvider.js'
import { EndpointPool, type EndpointPoolOptions } from './EndpointPool.js'
import type { EndpointEvent, EndpointState } from './EndpointState.js'
import { whenAllAborted } from './whenAllAborted.js'
import { worthOf } from './worthOf.js'

/** A query for logs as JSON-RPC has it. */
export interface RawLogFilter {
  readonly address: readonly string[]
  readonly topics: readonly (string | readonly string[] | null)[]
  /** Hexadecimal numbers of the first and the last block. */
  readonly fromBlock: string
  readonly toBlock: string
}

/** A provider over one endpoint or several; requests go to the first that is sound, and within the same call to the next where it fails. It never answers from a cache. */
export class EndpointProvider extends JsonRpcProvider {
  readonly #pool: EndpointPool
  readonly #network: Network
  /** Whose question it is, by its parameters: the library hands them on as they are. */
  readonly #askers = new WeakMap<object, AbortSignal>()

  /** @param urls HTTP(S) endpoints, at least one; the first is preferred. */
  constructor(urls: readonly string[], chainId: number, options: EndpointPoolOptions = {}) {
    const network = Network.from(chainId)
    super(urls[0], chainId, { staticNetwork: network, cacheTimeout: -1 })
    this.#pool = new EndpointPool(urls, chainId, options)
    this.#network = network
  }

  /** Who is told what happens to endpoints, where there are several. */
  set onEvent(listener: (event: EndpointEvent) => void) {
    this.#pool.onEvent = listener
  }

  /** How the endpoints stand, in their order. */
  get endpoints(): readonly EndpointState[] {
    return this.#pool.states
  }

  /**
   * Makes sure that all of several endpoints that answer serve the chain. Of a single one `connect` does.
   * @throws GevulotError CHAIN_WRONG
   */
  async assertChain(): Promise<void> {
    await this.#pool.assertChain()
  }

  /**
   * Logs as another endpoint than the current one has them.
   * @returns Them, and how to say that the current one left some of them out; undefined where no other one answers.
   */
  async logsElsewhere(
    filter: RawLogFilter,
  ): Promise<{ readonly logs: readonly Log[]; readonly blame: () => void } | undefined> {
    const another = await this.#pool.askAnother('eth_getLogs', [filter])
    if (another === undefined || !Array.isArray(another.result)) return undefined
    const logs = (another.result as readonly LogParams[]).map((log) => this._wrapLog(log, this.#network))
    return { logs, blame: another.blame }
  }

  /** The same provider for what ends with a signal: a request is broken off when nobody waits for any of its answers. */
  until(signal: AbortSignal): JsonRpcProvider {
    return new CallProvider(this.#network, (method, params) => {
      signal.throwIfAborted()
      const own = [...params]
      // Whether a transaction was sent must be known.
      if (method !== 'eth_sendRawTransaction') this.#askers.set(own, signal)
      return this.send(method, own)
    })
  }

  override async send(method: string, params: unknown[] | Record<string, unknown>): Promise<unknown> {
    const payload = { jsonrpc: '2.0', id: 1, method, params: params as unknown[] } satisfies JsonRpcPayload
    if (!this.#pool.isAlone && method === 'eth_sendRawTransaction') {
      const answer = await this.#pool.broadcast(payload)
      if ('error' in answer) throw this.getRpcError(payload, answer)
      return keccak256(String(payload.params[0]))
    }
    if (!this.#pool.isAlone && method === 'eth_getTransactionCount') {
      const answer = await this.#pool.highest(payload)
      if ('error' in answer) throw this.getRpcError(payload, answer)
      return answer.result
    }
    return super.send(method, params)
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    // The library takes errors among them, and declares it where it calls this.
    const calls = [payload].flat()
    const { signal, over } = whenAllAborted(calls.map(({ params }) => this.#askers.get(params)))
    try {
      return (await this.#pool.ask(calls, signal)) as JsonRpcResult[]
    } finally {
      over()
    }
  }

  /** The library takes every error of a call for a revert; what is about the endpoint is none. */
  override getRpcError(payload: JsonRpcPayload, error: JsonRpcError): Error {
    const { method } = payload
    const isCall = method === 'eth_call' || method === 'eth_estimateGas'
    if (!isCall || worthOf(method, error) === 'answer') return super.getRpcError(payload, error)
    const text = String(error.error.message).slice(0, 200)
    return makeError(`${method} is refused: ${text}`, 'SERVER_ERROR', { request: method, info: { error } })
  }
}
