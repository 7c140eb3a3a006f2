import { cut } from './paint.js'

const FRAME_MS = 120

/**
 * Lines that scroll by, and below them a panel that is drawn anew in place. Without a terminal the panel is left out and
 * the lines alone tell the story.
 */
export class Screen {
  readonly #panel: () => readonly string[]
  #height = 0
  #timer: NodeJS.Timeout | undefined

  /** @param panel The panel's lines now. */
  constructor(panel: () => readonly string[]) {
    this.#panel = panel
  }

  /** Columns to write in. */
  static get columns(): number {
    return process.stdout.isTTY ? Math.max(40, process.stdout.columns) : 100
  }

  /** Starts drawing the panel. */
  open(): void {
    if (!process.stdout.isTTY || this.#timer !== undefined) return
    this.#timer = setInterval(() => this.#draw([]), FRAME_MS)
    this.#timer.unref()
  }

  /** Writes a line above the panel. */
  line(text = ''): void {
    this.#draw([text])
  }

  /** Draws the panel a last time and leaves it standing. */
  close(): void {
    clearInterval(this.#timer)
    if (this.#timer !== undefined) this.#draw([])
    this.#timer = undefined
    this.#height = 0
  }

  #draw(lines: readonly string[]): void {
    if (this.#timer === undefined) {
      for (const line of lines) process.stdout.write(`${line}\n`)
      return
    }
    const panel = this.#panel().map((line) => cut(line, Screen.columns - 1))
    const up = this.#height > 0 ? `\u001b[${this.#height}A` : ''
    // One write a frame: nothing flickers. What has happened is never cut; the terminal breaks its lines.
    process.stdout.write(`${up}\u001b[J${[...lines, ...panel].map((line) => `${line}\n`).join('')}`)
    this.#height = panel.length
  }
}
