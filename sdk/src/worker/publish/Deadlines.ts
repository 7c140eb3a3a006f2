import type { JsonRpcApiProvider } from 'ethers'
import { asChainError } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import { ChainTime } from '../chain/ChainTime.js'
import type { TxRequest } from './TxOutcome.js'

/**
 * Judges what is too late. A worker that starts has seen no block yet, or old ones only while it reads what it has missed: for what an earlier run had signed the
 * newest block is looked at before.
 */
export class Deadlines {
  readonly #time: ChainTime
  /** Of the block that was the newest at the start. */
  readonly #atStart: ChainTime

  constructor(time: ChainTime, clock: Clock) {
    this.#time = time
    this.#atStart = new ChainTime(clock)
  }

  /**
   * Looks at the newest block.
   * @throws GevulotError CHAIN_RPC_UNAVAILABLE
   */
  async look(provider: JsonRpcApiProvider): Promise<void> {
    const block = await provider.getBlock('latest').catch((error: unknown) => {
      throw asChainError(error, 'reading the newest block')
    })
    if (block !== null) this.#atStart.see(block.number, block.timestamp)
  }

  /** Unix seconds of the chain; 0 before any block was seen. */
  now(): number {
    return this.#time.block >= this.#atStart.block ? this.#time.now() : this.#atStart.now()
  }

  /** Whether a request is of no use any more. */
  isLate({ deadline }: Pick<TxRequest, 'deadline'>): boolean {
    return deadline !== undefined && this.now() > deadline
  }
}
