import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One measured figure. */
export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What design §14 asks for, or our own limit where it asks for nothing; `value` should not be above it. */
  readonly target: number
  /** What the target is made up of, where the design gives it in parts. */
  readonly note?: string
  /** The nearest competitor's figure, or a dash. */
  readonly peer: string
}

const PATH = join(import.meta.dirname, 'report.json')

/** Prints rows and puts them into bench/report.json, in place of older rows of the same names. */
export function writeReport(rows: readonly Row[]): void {
  const names = new Set(rows.map(({ name }) => name))
  const older = existsSync(PATH) ? (JSON.parse(readFileSync(PATH, 'utf8')) as Row[]) : []
  const all = [...rows, ...older.filter(({ name }) => !names.has(name))]
  writeFileSync(PATH, `${JSON.stringify(all, undefined, 2)}\n`)
  const width = Math.max(...rows.map(({ name }) => name.length))
  for (const { name, value, unit, target, note, peer } of rows) {
    const over = value > target ? `over by ${((100 * (value - target)) / target).toFixed(1)} %` : 'met'
    const figures = `${value.toLocaleString('en')} ${unit}`.padStart(14)
    console.log(
      `${name.padEnd(width)} ${figures}   target ${target.toLocaleString('en').padStart(7)}   ${over.padEnd(14)} peer ${peer}${note === undefined ? '' : `   target: ${note}`}`,
    )
  }
}
