import type { Clock } from '../../clock.js'

const FIRST_MS = 2_000
const LONGEST_MS = 60_000
/** After this time without another failure an act is forgotten: most are never tried again, for somebody else was faster. */
const FORGOTTEN_MS = 60 * 60_000

/** Keeps acts that fail from being tried again at once: each failure in a row doubles the pause. */
export class Pauses {
  readonly #clock: Clock
  readonly #pauses = new Map<string, { readonly until: number; readonly length: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether an act may be tried now. */
  isOver(key: string): boolean {
    return this.#clock.elapsed() >= (this.#pauses.get(key)?.until ?? 0)
  }

  /** Notes a failure. */
  lengthen(key: string): void {
    const now = this.#clock.elapsed()
    const length = Math.min(LONGEST_MS, 2 * (this.#pauses.get(key)?.length ?? FIRST_MS / 2))
    // Behind all others, so that those in front are the oldest.
    this.#pauses.delete(key)
    this.#pauses.set(key, { until: now + length, length })
    for (const [oldest, { until }] of this.#pauses) {
      if (now - until < FORGOTTEN_MS) break
      this.#pauses.delete(oldest)
    }
  }

  /** Notes a success. */
  end(key: string): void {
    this.#pauses.delete(key)
  }
}
