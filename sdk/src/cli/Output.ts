import { stripVTControlCharacters, styleText } from 'node:util'

/** Where a command writes to. */
export interface OutputOptions {
  readonly json: boolean
  /** Columns of the terminal; undefined when the output goes elsewhere, and is then never cut. */
  readonly columns: number | undefined
  readonly colour: boolean
  /** Writes to standard output. */
  readonly write: (text: string) => void
  /** Writes to standard error. */
  readonly complain: (text: string) => void
}

type Tone = 'strong' | 'faint' | 'good' | 'bad'
const STYLES = { strong: 'bold', faint: 'dim', good: 'green', bad: 'red' } as const
const ELLIPSIS = '…'
const LEAST_CELL = 13

/** Standard output in two forms: JSON for programs, lines for people. Notes about progress go to standard error. */
export class Output {
  readonly json: boolean
  readonly #options: OutputOptions

  constructor(options: OutputOptions) {
    this.json = options.json
    this.#options = options
  }

  /** The result, in the form that was asked for. Called many times by commands that go on: each is one line of JSON. */
  report(json: unknown, text: readonly string[]): void {
    if (this.json) this.#options.write(`${toJson(json)}\n`)
    else for (const line of text) this.#options.write(`${printable(line)}\n`)
  }

  /** One view that takes the place of the one before it on a terminal; elsewhere, and as JSON, each follows the other. */
  frame(json: unknown, text: readonly string[]): void {
    const { columns, write } = this.#options
    // To the upper left corner, and clear what is below: a screen that does not flicker.
    if (!this.json && columns !== undefined) write('\u001b[H\u001b[J')
    this.report(json, text)
  }

  /** What is going on, for people only. */
  note(line: string): void {
    if (!this.json) this.#options.complain(`${this.paint('faint', printable(line))}\n`)
  }

  /** Colours text, unless colours are off. */
  paint(tone: Tone, text: string): string {
    return this.#options.colour ? styleText(STYLES[tone], text, { validateStream: false }) : text
  }

  /**
   * Rows under a heading, in columns. On a terminal that is too narrow the widest cells lose their middle, so that both ends of an id
   * stay readable; elsewhere nothing is cut.
   */
  table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
    const widths = headings.map((heading, column) =>
      Math.max(heading.length, ...rows.map((row) => stripVTControlCharacters(row[column] ?? '').length)),
    )
    const { columns } = this.#options
    if (columns !== undefined) shrink(widths, columns)
    const line = (cells: readonly string[], tone?: Tone): string =>
      cells
        .map((cell, column) => {
          const cut = cutMiddle(cell, widths[column] ?? 0)
          const painted = tone === undefined ? cut : this.paint(tone, cut)
          const gap = ' '.repeat(Math.max(0, (widths[column] ?? 0) - stripVTControlCharacters(cut).length))
          return column === cells.length - 1 ? painted : painted + gap
        })
        .join('  ')
    return [line(headings, 'faint'), ...rows.map((row) => line(row))]
  }

  /** Names and values, one pair a line. */
  facts(pairs: readonly (readonly [name: string, value: string])[]): string[] {
    const width = Math.max(0, ...pairs.map(([name]) => name.length))
    return pairs.map(([name, value]) => `${this.paint('faint', name.padEnd(width))}  ${value}`)
  }
}

/** JSON with `bigint`s as decimal text. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) => (typeof entry === 'bigint' ? entry.toString() : entry))
}

/** Texts from the chain and from programs reach the terminal: they may colour it, never control it. */
export function printable(text: string): string {
  return text.replace(
    /\u001b(?!\[[0-9;]*m)|[\u0000-\u0008\u000a-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    '�',
  )
}

/** Takes from the widest columns until the table fits, as long as there is something to take. */
function shrink(widths: number[], columns: number): void {
  const total = (): number => widths.reduce((sum, width) => sum + width, 0) + 2 * (widths.length - 1)
  while (total() > columns) {
    const widest = widths.indexOf(Math.max(...widths))
    const width = widths[widest] ?? 0
    if (width <= LEAST_CELL) return
    widths[widest] = width - 1
  }
}

function cutMiddle(text: string, width: number): string {
  if (stripVTControlCharacters(text).length <= width) return text
  const plain = stripVTControlCharacters(text)
  const end = Math.floor((width - 1) / 2)
  return `${plain.slice(0, width - 1 - end)}${ELLIPSIS}${plain.slice(plain.length - end)}`
}
