import type { JobBook } from '../store/JobBook.js'

/** What may be spent on fees, token units. */
export interface Budget {
  readonly perEpoch: bigint
  /** Within 24 hours. */
  readonly perDay: bigint
}

const DAY_MS = 86_400_000

/** Says what may still be spent. A fee counts from when its bundle is made, so two bundles cannot both use the last of it. */
export class Spending {
  readonly #book: JobBook
  readonly #budget: Budget

  constructor(book: JobBook, budget: Budget) {
    this.#book = book
    this.#budget = budget
  }

  /** What is left of these 24 hours. */
  async leftToday(now: number): Promise<bigint> {
    return atLeastZero(this.#budget.perDay - (await this.#book.spent({ since: now - DAY_MS })))
  }

  /** What is left for an epoch, today. */
  async leftFor(epoch: number, now: number): Promise<bigint> {
    const ofEpoch = atLeastZero(this.#budget.perEpoch - (await this.#book.spent({ epoch })))
    const today = await this.leftToday(now)
    return ofEpoch < today ? ofEpoch : today
  }
}

function atLeastZero(amount: bigint): bigint {
  return amount < 0n ? 0n : amount
}
