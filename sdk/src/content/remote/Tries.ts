import { systemClock } from '../../clock.js'
import type { GevulotError } from '../../errors/GevulotError.js'

const LEAST_PROGRESS = 65_536

/**
 * Counts the attempts of one transfer. What gets on by 64 KiB is not given up: the size of content is bounded, and so is the number of such steps to
 * its end.
 */
export class Tries {
  readonly #attempts: number
  readonly #retryDelayMs: number
  #attempt = 1

  constructor({ attempts, retryDelayMs }: { readonly attempts: number; readonly retryDelayMs: number }) {
    this.#attempts = attempts
    this.#retryDelayMs = retryDelayMs
  }

  /**
   * Waits until the next attempt.
   * @param gained Bytes by which the last attempt got on.
   * @throws `error`, when there is none
   */
  async again(error: GevulotError, gained: number, signal: AbortSignal): Promise<void> {
    if (gained >= LEAST_PROGRESS) this.#attempt = 0
    const passes = error.retryable && error.code !== 'CONTENT_NOT_FOUND'
    if (!passes || signal.aborted || this.#attempt >= this.#attempts) throw error
    const delay = this.#retryDelayMs * 2 ** Math.max(0, this.#attempt - 1)
    this.#attempt++
    await systemClock.sleep(delay, signal).catch(() => undefined)
  }
}
