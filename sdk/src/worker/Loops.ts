/** The loops of a daemon. They run side by side; if one of them breaks, all are to stop. */
export class Loops {
  readonly #broken = new AbortController()
  readonly #finished = new AbortController()
  readonly #acting: AbortSignal
  readonly #running: Promise<void>[] = []

  /** @param lost Aborted when nothing may be done any more: that breaks all of them. */
  constructor(lost: AbortSignal) {
    this.#acting = AbortSignal.any([this.#finished.signal, lost])
    lost.addEventListener('abort', () => this.#broken.abort(lost.reason))
    if (lost.aborted) this.#broken.abort(lost.reason)
  }

  /** Aborted, with its error, when the first of them has broken. */
  get broken(): AbortSignal {
    return this.#broken.signal
  }

  /**
   * Runs one beside the others.
   * @param loop Its signal is aborted when all are to finish, and at once when nothing may be done any more: another may be acting by then.
   * @returns Resolves when it has ended, however it did: its error is heard here and at once, for others get their grace before it is waited for.
   */
  run(loop: (finished: AbortSignal) => Promise<void>): Promise<void> {
    const ended = loop(this.#acting).catch((error: unknown) => this.#broken.abort(error))
    this.#running.push(ended)
    return ended
  }

  /** Has all of them end by themselves. */
  finish(): void {
    this.#finished.abort()
  }

  /**
   * Resolves when all of them have ended.
   * @throws what broke the first
   */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
    if (this.broken.aborted) throw this.broken.reason
  }
}
