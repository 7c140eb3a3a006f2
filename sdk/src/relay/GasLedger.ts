/** A day in milliseconds: what an account may use is counted over the last one, at any moment. */
export const DAY_MS = 86_400_000

interface Entry {
  readonly at: number
  readonly gas: bigint
}

/** What the relay has promised to pay for each account within a day, in gas. */
export class GasLedger {
  readonly #perDay: bigint
  readonly #entries = new Map<string, Entry[]>()

  /** @param perDay Gas an account may use within any 24 hours. */
  constructor(perDay: bigint) {
    this.#perDay = perDay
  }

  /** Gas that an account has left now. */
  left(account: string, now: number): bigint {
    const entries = (this.#entries.get(account) ?? []).filter(({ at }) => at > now - DAY_MS)
    this.#entries.set(account, entries)
    const used = entries.reduce((sum, { gas }) => sum + gas, 0n)
    return used < this.#perDay ? this.#perDay - used : 0n
  }

  /**
   * Sets gas apart.
   * @param at Milliseconds.
   * @returns Takes it back: nothing was sent.
   */
  reserve(account: string, gas: bigint, at: number): () => void {
    const entry = { at, gas }
    this.#entries.set(account, [...(this.#entries.get(account) ?? []), entry])
    return () => {
      const entries = this.#entries.get(account) ?? []
      this.#entries.set(
        account,
        entries.filter((other) => other !== entry),
      )
    }
  }
}
