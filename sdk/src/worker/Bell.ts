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
      const end = (): void => over.abort()
      this.#release = end
      // Not `AbortSignal.any`: Node.js 20 keeps a trace of every such signal as long as the one of the daemon lives.
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted) end()
      await this.#clock.sleep(milliseconds, over.signal).catch(() => undefined)
      signal.removeEventListener('abort', end)
    }
    this.#isRung = false
  }
}
