import { toQuantity, type Log } from 'ethers'
import { asChainError } from './asChainError.js'
import type { Contracts } from './connect.js'
import { logFilterOf, type EventFilter, type LogFilter } from './EventFilter.js'
import { EndpointProvider } from './rpc/EndpointProvider.js'

// Public endpoints allow between 500 and 10 000 blocks a query, some only few results: start in the middle and adapt.
const FIRST_RANGE = 2_000
const LARGEST_RANGE = 10_000
/** Logs that a query shall bring at most: each is some kB while it is decoded. Where blocks are full, ranges are shorter. */
const MOST_LOGS = 5_000
const DEAD_ENDPOINT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'NETWORK_ERROR'])

/** Reads logs in ranges whose size adapts to what the endpoint allows, and to how many there are. */
export class LogReader {
  readonly #contracts: Contracts
  readonly #filter: LogFilter
  #size = FIRST_RANGE

  constructor(contracts: Contracts, filter: EventFilter) {
    this.#contracts = contracts
    this.#filter = logFilterOf(contracts, filter)
  }

  /** The last block of the next range that starts at `from` and does not go beyond `last`. */
  endOfRange(from: number, last: number): number {
    return Math.min(last, from + this.#size - 1)
  }

  /** The first block of the next range that ends at `to` and does not begin before `first`. */
  startOfRange(first: number, to: number): number {
    return Math.max(first, to - this.#size + 1)
  }

  /**
   * The logs of a range, each once and in order.
   * @returns undefined when the range was too large: ask {@link endOfRange} again.
   * @throws GevulotError CHAIN_RPC_UNAVAILABLE
   */
  async read(from: number, to: number): Promise<Log[] | undefined> {
    try {
      const logs = await this.#contracts.provider.getLogs({
        address: [...this.#filter.address],
        topics: this.#filter.topics,
        fromBlock: from,
        toBlock: to,
      })
      const blocks = to - from + 1
      const fitting = Math.max(1, Math.floor((MOST_LOGS * blocks) / Math.max(1, logs.length)))
      this.#size = Math.min(LARGEST_RANGE, fitting, Math.max(this.#size, blocks * 2))
      return distinct(logs)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (to > from && !DEAD_ENDPOINT.has(code)) {
        this.#size = Math.max(1, Math.floor((to - from + 1) / 4))
        return undefined
      }
      throw asChainError(error, `reading the events of blocks ${from} to ${to}`)
    }
  }

  /**
   * The logs of a range as another endpoint has them, in the same form.
   * @returns Them, and how to say that the current endpoint left some of them out; undefined where there is no other one, or none that answers.
   */
  async readElsewhere(
    from: number,
    to: number,
  ): Promise<{ readonly logs: readonly Log[]; readonly blame: () => void } | undefined> {
    const { provider } = this.#contracts
    if (!(provider instanceof EndpointProvider)) return undefined
    const other = await provider.logsElsewhere({
      ...{ address: this.#filter.address, topics: this.#filter.topics },
      ...{ fromBlock: toQuantity(from), toBlock: toQuantity(to) },
    })
    return other && { logs: distinct(other.logs), blame: other.blame }
  }
}

/** Sorts, and leaves out duplicates and logs the node itself takes back. */
function distinct(logs: readonly Log[]): Log[] {
  const byPlace = new Map<string, Log>()
  for (const log of logs) if (!log.removed) byPlace.set(`${log.blockNumber}/${log.index}`, log)
  return [...byPlace.values()].sort((a, b) => a.blockNumber - b.blockNumber || a.index - b.index)
}
