import { stripVTControlCharacters } from 'node:util'
import { widthOf } from './format.js'

const GAP = 2
const ELLIPSIS = '…'
/** Characters that a text keeps at least. */
const LEAST_CELL = 13
/** A number, perhaps with its unit: `12,500.25 GVLT`. */
const NUMBER = /^(-?[\d,]+)(\.\d+)?( [A-Za-z%]+)?$/
/** A number, or a time, that would be another one without its middle. */
const FIGURE = /\d\.\d|\d,\d{3}|\d-\d\dT\d/

/** What the next command takes: of a workload or a program, or an account. Whoever copies it wants all of it. */
const ID = /^0x([0-9a-f]{64}|[0-9a-f]{40})$/i

/**
 * Lays rows under headings, in columns. Columns of numbers alone stand point under point. Nothing loses its middle that would be something else then,
 * neither figures nor ids: where there is no room, columns of ids go below their row, from the last one on, each id whole in a line of its own,
 * without its heading beside it if it has no room there. What
 * then is too wide still are texts: the widest lose their middle until the table fits.
 * @param columns Columns of the terminal; undefined where nothing has to fit.
 * @param faint Paints headings and names.
 * @returns Lines without trailing spaces, the headings first; undefined if it cannot fit.
 */
export function layTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
  faint: (text: string) => string = (text) => text,
): string[] | undefined {
  const used = headings.flatMap((heading, column) =>
    heading === '' && rows.every((row) => (row[column] ?? '') === '') ? [] : [column],
  )
  const beside = used.map((column) => {
    const heading = headings[column] ?? ''
    const cells = rows.map((row) => row[column] ?? '')
    const plain = cells.map(stripVTControlCharacters)
    const numbers = alignNumbers(cells)
    const width = Math.max(heading.length, ...(numbers ?? cells).map(widthOf))
    const isId = plain.some((cell) => ID.test(cell))
    const isWhole = numbers !== undefined || isId || plain.some((cell) => FIGURE.test(cell))
    return { heading, cells: numbers ?? cells, isNumeric: numbers !== undefined, isWhole, isId, width }
  })
  const below: typeof beside = []
  const isTooWide = (): boolean =>
    columns !== undefined && beside.reduce((sum, { width }) => sum + width, 0) + GAP * (beside.length - 1) > columns
  for (let last: number; isTooWide() && (last = beside.findLastIndex(({ isId }) => isId)) >= 0;) {
    below.unshift(...beside.splice(last, 1))
  }
  while (isTooWide()) {
    const shrinkable = beside.filter(({ isWhole, width }) => !isWhole && width > LEAST_CELL)
    if (shrinkable.length === 0) return undefined
    shrinkable.reduce((widest, one) => (one.width > widest.width ? one : widest)).width--
  }
  // With nothing but ids a list says it better.
  if (beside.length === 0) return undefined
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const { width = 0, isNumeric = false } = beside[column] ?? {}
        const cut = cutMiddle(cell, width)
        const fill = ' '.repeat(width - widthOf(cut))
        return isNumeric ? fill + cut : cut + fill
      })
      .join(' '.repeat(GAP))
      .trimEnd()
  const gap = ' '.repeat(GAP)
  const name = Math.max(0, ...below.map(({ heading }) => heading.length))
  const hasRoom = columns === undefined || below.every(({ width }) => GAP + name + GAP + width <= columns)
  const linesBelow = (row: number): string[] =>
    below.flatMap(({ heading, cells }) => {
      const cell = cells[row] ?? ''
      if (cell === '') return []
      return hasRoom ? [`${gap}${faint(heading.padEnd(name))}${gap}${cell}`] : [gap + faint(heading), gap + gap + cell]
    })
  return [
    faint(line(beside.map(({ heading }) => heading))),
    ...rows.flatMap((_, row) => [line(beside.map(({ cells }) => cells[row] ?? '')), ...linesBelow(row)]),
  ]
}

/** Pads numbers so that their points and their units stand under each other; undefined if not all are numbers. */
function alignNumbers(cells: readonly string[]): string[] | undefined {
  const parts = cells.map((cell) => (cell === '' ? [] : NUMBER.exec(cell)))
  if (parts.includes(null) || cells.every((cell) => cell === '')) return undefined
  const widest = (part: number): number => Math.max(...parts.map((found) => found?.[part]?.length ?? 0))
  const [whole, fraction, unit] = [widest(1), widest(2), widest(3)]
  return parts.map((found) =>
    found?.[1] === undefined
      ? ''
      : found[1].padStart(whole) + (found[2] ?? '').padEnd(fraction) + (found[3] ?? '').padEnd(unit),
  )
}

function cutMiddle(text: string, width: number): string {
  const plain = stripVTControlCharacters(text)
  if (plain.length <= width) return text
  const end = Math.floor((width - 1) / 2)
  return `${plain.slice(0, width - 1 - end)}${ELLIPSIS}${plain.slice(plain.length - end)}`
}
