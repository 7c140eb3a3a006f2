import type { Logger } from './log/Logger.js'

/** What a daemon has opened and must close, whatever ends it. */
export class Closers {
  readonly #log: Logger
  readonly #closers: (() => Promise<void>)[] = []

  constructor(log: Logger) {
    this.#log = log
  }

  /** Notes how to undo what was just opened. */
  add(close: () => Promise<void>): void {
    this.#closers.push(close)
  }

  /** Undoes everything, newest first; what fails is logged and keeps nothing else open. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      await close().catch((error: unknown) => this.#log.warn('closing failed', { stage: 'stop', error }))
    }
  }
}
