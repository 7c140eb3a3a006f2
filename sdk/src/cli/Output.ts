import { styleText } from 'node:util'
import { Activity } from './Activity.js'
import { widthOf } from './format.js'
import { layTable } from './layTable.js'

/** Where a command writes to. */
export interface OutputOptions {
  readonly json: boolean
  /** Columns of the terminal; undefined when the output goes elsewhere, and is then never cut. */
  readonly columns: number | undefined
  readonly colour: boolean
  /** Columns of the terminal that standard error goes to; undefined when it goes elsewhere. There a line can be written over. */
  readonly progressColumns?: number | undefined
  /** Writes to standard output. */
  readonly write: (text: string) => void
  /** Writes to standard error. */
  readonly complain: (text: string) => void
}

/** What a colour says. */
export type Tone = 'strong' | 'faint' | 'good' | 'bad'
const STYLES = { strong: 'bold', faint: 'dim', good: 'green', bad: 'red' } as const
/** A text that has less room than this beside what leads to it begins below. */
const LEAST_VALUE = 20
/** How far in what begins below stands. */
const INDENT = 2
/** Words with single spaces: no columns, no command to copy. */
const PROSE = /^\S+( \S+)+$/

/** Standard output in two forms: JSON for programs, lines for people. Notes about progress go to standard error. */
export class Output {
  readonly json: boolean
  readonly #options: OutputOptions
  readonly #activity: Activity | undefined

  constructor(options: OutputOptions) {
    this.json = options.json
    this.#options = options
    const { progressColumns: columns, complain } = options
    if (columns !== undefined && !this.json) {
      this.#activity = new Activity({ columns, write: complain, paint: (text) => this.paint('faint', text) })
    }
  }

  /**
   * The result, in the form that was asked for. Called many times by commands that go on: each is one line of JSON.
   * @param isWhole Whether lines are kept as they are although the terminal is narrower: they are for a program or a file.
   */
  report(json: unknown, text: readonly string[], isWhole = false): void {
    this.still()
    const { columns, write } = this.#options
    if (this.json) return write(`${toJson(json)}\n`)
    for (const line of text) {
      for (const part of isWhole ? [line] : prose(line, columns)) write(`${printable(part)}\n`)
    }
  }

  /** One view that takes the place of the one before it on a terminal; elsewhere, and as JSON, each follows the other. */
  frame(json: unknown, text: readonly string[]): void {
    const { columns, write } = this.#options
    this.still()
    // To the upper left corner, and clear what is below: a screen that does not flicker.
    if (!this.json && columns !== undefined) write('\u001b[H\u001b[J')
    this.report(json, text)
  }

  /** What has happened or goes on, for people only; broken between words on a terminal. */
  note(line: string): void {
    for (const part of prose(line, this.#options.progressColumns)) this.log(part)
  }

  /** A line of a log, for people only: never broken, because others may want to read it too. */
  log(line: string): void {
    this.#activity?.end()
    if (!this.json) this.complain(`${this.paint('faint', printable(line))}\n`)
  }

  /** What the command does from now on until it says something else. A terminal shows the seconds that it takes. */
  doing(what: string): void {
    if (this.#activity === undefined) this.note(what)
    else this.#activity.begin(printable(what), 'kept')
  }

  /** How far that has come; a terminal alone shows it. */
  progress(what: string): void {
    this.#activity?.update(printable(what))
  }

  /** The same as {@link doing}, for what is worth a word only while it takes longer than a second, and only on a terminal. */
  waiting(what: string): void {
    this.#activity?.begin(printable(what), 'passing')
  }

  /** Nothing is done any more that {@link doing} or {@link waiting} has said. */
  still(): void {
    this.#activity?.end()
  }

  /** A text for standard error, with lines broken between words on a terminal. */
  broken(text: string): string {
    const { progressColumns: columns } = this.#options
    if (columns === undefined) return text
    return text
      .split('\n')
      .flatMap((line) => wrap(line, columns))
      .join('\n')
  }

  /** Writes to standard error as it is. */
  complain(text: string): void {
    this.still()
    this.#options.complain(text)
  }

  /** Colours text, unless colours are off. */
  paint(tone: Tone, text: string): string {
    return this.#options.colour ? styleText(STYLES[tone], text, { validateStream: false }) : text
  }

  /**
   * Rows under a heading, in columns; numbers stand point under point. On a terminal that is too narrow ids go below their row, whole, then
   * the widest texts lose their middle; where that is not enough each row is a list of names and values. Elsewhere nothing is cut.
   */
  table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
    const laid = layTable(headings, rows, this.#options.columns, (text) => this.paint('faint', text))
    if (laid !== undefined) return laid
    return rows.flatMap((row, index) => {
      const pairs = headings.map((heading, column) => [heading, row[column] ?? ''] as const)
      const lines = this.facts(pairs.filter(([, value]) => value !== ''))
      return index === 0 ? lines : ['', ...lines]
    })
  }

  /** Names and values, one pair a line, as {@link hanging}. */
  facts(pairs: readonly (readonly [name: string, value: string])[]): string[] {
    const width = Math.max(0, ...pairs.map(([name]) => name.length))
    return pairs.flatMap(([name, value]) => this.hanging(`${this.paint('faint', name.padEnd(width))}  `, value))
  }

  /**
   * A text behind what leads to it. On a terminal it goes on below where it began; one with a word that has no room there, an id for example,
   * begins below. Words are never cut.
   */
  hanging(lead: string, text: string): string[] {
    const { columns } = this.#options
    if (columns === undefined) return [lead + text]
    const at = widthOf(lead)
    const room = columns - at
    const widest = Math.max(...text.split(' ').map(widthOf))
    const isNarrow = room < widest || (room < LEAST_VALUE && room < widthOf(text))
    if (isNarrow && widest <= columns - INDENT)
      return [lead.trimEnd(), ...wrap(text, columns - INDENT).map((line) => ' '.repeat(INDENT) + line)]
    const [first = '', ...more] = wrap(text, room)
    return [lead + first, ...more.map((line) => ' '.repeat(at) + line)]
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

/** A line for people, broken where it does not fit; what has columns, or is a command to copy, stays whole. */
function prose(line: string, columns: number | undefined): string[] {
  return columns !== undefined && PROSE.test(line) ? wrap(line, columns) : [line]
}

/** Breaks a text between its words into lines that fit, as far as its words do. */
function wrap(text: string, room: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<= )(?! )/)) {
    if (line !== '' && widthOf((line + word).trimEnd()) > room) {
      lines.push(line.trimEnd())
      line = ''
    }
    line += word
  }
  return [...lines, line.trimEnd()]
}
