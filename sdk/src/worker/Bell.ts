import type { Clock } from '../clock.js'

/** Wakes one waiting loop; a ring while the loop is at work is not lost. */
export class Bell {
  readonly #clock: Clock
  #isRung = false
  #release: () => void = () => undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Ends the current wait, or the next one at once. */
  ring(): void {
    this.#isRung = true
    this.#release()
  }

  /** Resolves when the bell rings, after `milliseconds`, or when `signal` is aborted. */
  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (!this.#isRung) {
      const over = new AbortController()
      const rung = new Promise<void>((resolve) => (this.#release = resolve))
      const slept = this.#clock.sleep(milliseconds, AbortSignal.any([signal, over.signal])).catch(() => undefined)
      await Promise.race([rung, slept])
      over.abort()
    }
    this.#isRung = false
  }
}
