import { systemClock, type Clock } from '../clock.js'

/** Where {@link Activity} is shown. */
export interface ActivityOptions {
  /** Columns of the terminal. */
  readonly columns: number
  readonly write: (text: string) => void
  readonly paint: (text: string) => string
  readonly clock?: Clock
}

/** To the first column, and clear the line. */
const ANEW = '\r\u001b[K'
const SECOND = 1_000

/** One line of a terminal that says what is being done, and for how many seconds: written over as long as it goes on. */
export class Activity {
  readonly #options: ActivityOptions
  #running: { readonly over: AbortController; what: string; readonly kind: 'kept' | 'passing' } | undefined
  /** What stands in the line now. */
  #shown = ''

  constructor(options: ActivityOptions) {
    this.#options = options
  }

  /**
   * Begins something, and ends what was before.
   * @param kind `kept` is shown at once and stays when it is over; `passing` is shown after a second, and leaves no trace.
   */
  begin(what: string, kind: 'kept' | 'passing'): void {
    this.end()
    const over = new AbortController()
    const running = { over, what, kind }
    this.#running = running
    if (kind === 'kept') this.#show(what)
    void this.#count(running, over.signal)
  }

  /** What goes on has come further: the line says so from the next second on. */
  update(what: string): void {
    if (this.#running !== undefined) this.#running.what = what
  }

  /** It is over. The next thing that is written begins a line. */
  end(): void {
    const { over, kind } = this.#running ?? {}
    this.#running = undefined
    over?.abort()
    if (this.#shown !== '') this.#options.write(kind === 'kept' ? '\n' : ANEW)
    this.#shown = ''
  }

  async #count(running: { readonly what: string }, signal: AbortSignal): Promise<void> {
    const { clock = systemClock } = this.#options
    const begun = clock.elapsed()
    try {
      for (;;) {
        await clock.sleep(SECOND, signal)
        this.#show(`${running.what}  ${Math.round((clock.elapsed() - begun) / SECOND)} s`)
      }
    } catch {
      // It is over.
    }
  }

  #show(line: string): void {
    const { columns, paint, write } = this.#options
    // A line that is broken by the terminal could not be written over.
    const cut = line.length < columns ? line : `…${line.slice(line.length - columns + 2)}`
    write(`${this.#shown === '' ? '' : ANEW}${paint(cut)}`)
    this.#shown = cut
  }
}
