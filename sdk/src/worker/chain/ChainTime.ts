import type { Clock } from '../../clock.js'

/**
 * The time of the next block, as far as one can tell: the newest block's time plus what has passed since it was seen. All
 * deadlines are in block time, and the machine's clock may differ from it.
 */
export class ChainTime {
  readonly #clock: Clock
  #head = { number: 0, time: 0, seenAt: 0 }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Notes the newest block. */
  see(number: number, time: number): void {
    this.#head = { number, time, seenAt: this.#clock.elapsed() }
  }

  /** Number of the newest block; 0 before any was seen. */
  get block(): number {
    return this.#head.number
  }

  /** Unix seconds; 0 before any block was seen. */
  now(): number {
    if (this.#head.time === 0) return 0
    return this.#head.time + Math.max(0, Math.floor((this.#clock.elapsed() - this.#head.seenAt) / 1000))
  }
}
