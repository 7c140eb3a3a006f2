import type { Clock } from '../../clock.js'
import { canHold, type KnownRunner } from './RunnerBook.js'
import type { Shape } from './shape.js'

/** So long one that has left may be about to come back: who restarts machines one after the other takes no work from them for good. */
const LATELY_SECONDS = 300

interface Seen {
  readonly runner: KnownRunner
  /** When it was heard of, by the clock of this process. */
  readonly at: number
}

/** Runners of a fleet as they were when last looked at, and who was there a moment ago. */
export class Roster {
  readonly #clock: Clock
  readonly #seen = new Map<string, Seen>()
  #all: readonly KnownRunner[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** All runners that are in the book. */
  get all(): readonly KnownRunner[] {
    return this.#all
  }

  /** Those that are there and take work. */
  get ready(): readonly KnownRunner[] {
    return this.#all.filter(({ isReady }) => isReady)
  }

  /** Takes over what the book says now. */
  see(all: readonly KnownRunner[]): void {
    this.#all = all
    const now = this.#clock.elapsed()
    for (const runner of all) this.#seen.set(runner.id, { runner, at: now - runner.seenSeconds * 1000 })
    for (const [id, { at }] of this.#seen) if (at < now - LATELY_SECONDS * 1000) this.#seen.delete(id)
  }

  /** Whether somebody who is there, or was lately, has as much as work needs. @param except Those that are not asked again. */
  hasFor(shape: Shape, except: ReadonlyMap<string, unknown>): boolean {
    return [...this.#seen.values()].some(({ runner }) => !except.has(runner.id) && canHold(runner, shape))
  }
}
