import type { Clock } from '../../sdk/src/clock.js'

/** A clock on which time passes only as it is told. */
export class HandClock implements Clock {
  #now = 0
  readonly #sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()

  now(): number {
    return this.#now
  }

  elapsed(): number {
    return this.#now
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { until: this.#now + milliseconds, wake: () => resolve() }
      this.#sleepers.add(sleeper)
      const abort = (): void => {
        this.#sleepers.delete(sleeper)
        reject(Object.assign(new Error('The operation was aborted'), { name: 'AbortError' }))
      }
      signal?.addEventListener('abort', abort, { once: true })
      if (signal?.aborted === true) abort()
    })
  }

  /** How many sleep. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  /** Lets time pass, and wakes who has slept enough. */
  pass(milliseconds: number): void {
    this.#now += milliseconds
    for (const sleeper of this.#sleepers) {
      if (sleeper.until > this.#now) continue
      this.#sleepers.delete(sleeper)
      sleeper.wake()
    }
  }
}
