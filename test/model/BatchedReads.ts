/** Reads of contracts, all that are asked for at one moment in one call. */
import { Interface, type ContractRunner, type Provider, type TransactionRequest } from 'ethers'

/** Mirrors test/support/solidity/Reader.sol. */
const READER = new Interface([
  'function read((address target, bytes data)[] views) view returns (bytes[])',
  'error ViewFailed(uint256 index, bytes reason)',
])
/** Stays far inside the gas of a block. */
const MOST = 200

interface Waiting {
  readonly target: string
  readonly data: string
  readonly resolve: (answer: string) => void
  readonly reject: (error: unknown) => void
}

/** A runner for contracts that are only read: calls made before the next turn of the event loop go out together. */
export class BatchedReads implements ContractRunner {
  readonly provider: Provider
  readonly #reader: string
  #waiting: Waiting[] = []

  /** @param reader Address of a `Reader`. */
  constructor(provider: Provider, reader: string) {
    this.provider = provider
    this.#reader = reader
  }

  /** Queues a call. */
  call({ to, data }: TransactionRequest): Promise<string> {
    if (typeof to !== 'string' || typeof data !== 'string') throw new TypeError('only plain calls can be read together')
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush())
      this.#waiting.push({ target: to, data, resolve, reject })
    })
  }

  #flush(): void {
    const all = this.#waiting
    this.#waiting = []
    for (let from = 0; from < all.length; from += MOST) void this.#read(all.slice(from, from + MOST))
  }

  async #read(calls: readonly Waiting[]): Promise<void> {
    try {
      const views = calls.map(({ target, data }) => ({ target, data }))
      const answer = await this.provider.call({ to: this.#reader, data: READER.encodeFunctionData('read', [views]) })
      const [answers] = READER.decodeFunctionResult('read', answer) as unknown as [readonly string[]]
      for (const [index, { resolve }] of calls.entries()) resolve(answers[index]!)
    } catch (error) {
      for (const { reject } of calls) reject(error)
    }
  }
}
