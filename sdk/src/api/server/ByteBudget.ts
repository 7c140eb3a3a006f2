import type { Clock } from '../../clock.js'

/** So much memory may be in use at the same time. Who comes first is admitted first: many small ones do not keep a large one out. */
export class ByteBudget {
  readonly #clock: Clock
  readonly #waiting: { readonly bytes: number; readonly admit: () => void }[] = []
  #free: number

  constructor(bytes: number, clock: Clock) {
    this.#free = bytes
    this.#clock = clock
  }

  /** Takes bytes, at the latest after `waitMs`. @returns Whether it got them. */
  async take(bytes: number, waitMs: number): Promise<boolean> {
    if (this.#waiting.length === 0 && bytes <= this.#free) {
      this.#free -= bytes
      return true
    }
    const admitted = new AbortController()
    const waiting = { bytes, admit: () => admitted.abort() }
    this.#waiting.push(waiting)
    await this.#clock.sleep(waitMs, admitted.signal).catch(() => undefined)
    if (admitted.signal.aborted) return true
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
    // Those behind it may have waited for it alone.
    this.#admit()
    return false
  }

  /** Gives bytes back. */
  giveBack(bytes: number): void {
    this.#free += bytes
    this.#admit()
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && next.bytes <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#free -= next.bytes
      next.admit()
    }
  }
}
