/** Token buckets by name: each caller may do `burst` things at once and `perSecond` in the long run. */
export class RateLimiter {
  readonly #perSecond: number
  readonly #burst: number
  readonly #buckets = new Map<string, { left: number; at: number }>()

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
  }

  /**
   * Takes one token.
   * @param now Milliseconds.
   * @returns 0, or the seconds to wait.
   */
  take(name: string, now: number): number {
    const bucket = this.#buckets.get(name) ?? { left: this.#burst, at: now }
    const left = Math.min(this.#burst, bucket.left + (Math.max(0, now - bucket.at) / 1000) * this.#perSecond)
    // At the end of the map: the first are those that have been quiet longest.
    this.#buckets.delete(name)
    this.#buckets.set(name, { left: left < 1 ? left : left - 1, at: now })
    this.#forget(now)
    return left < 1 ? Math.ceil((1 - left) / this.#perSecond) : 0
  }

  /** A bucket that is full again says nothing. */
  #forget(now: number): void {
    const fullAfter = (this.#burst / this.#perSecond) * 1000
    for (const [name, { at }] of this.#buckets) {
      if (now - at < fullAfter) return
      this.#buckets.delete(name)
    }
  }
}
