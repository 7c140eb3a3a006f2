import { stripVTControlCharacters } from 'node:util'

const GAP = 2
const ELLIPSIS = '…'
/** Characters that a text keeps at least. */
const LEAST_CELL = 13
/** A number, perhaps with its unit: `12,500.25 GVLT`. */
const NUMBER = /^(-?[\d,]+)(\.\d+)?( [A-Za-z%]+)?$/
/** A number that would be another one without its middle. */
const FIGURE = /\d\.\d|\d,\d{3}/

/**
 * Lays rows under headings, in columns. Columns of numbers alone stand point under point. The widest columns lose their middle until the table fits, but
 * none with figures in it.
 * @param columns Columns of the terminal; undefined where nothing has to fit.
 * @returns Lines without trailing spaces, the headings first; undefined if it cannot fit.
 */
export function layTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): string[] | undefined {
  const used = headings.flatMap((heading, column) =>
    heading === '' && rows.every((row) => (row[column] ?? '') === '') ? [] : [column],
  )
  const laid = used.map((column) => {
    const heading = headings[column] ?? ''
    const cells = rows.map((row) => row[column] ?? '')
    const numbers = alignNumbers(cells)
    const width = Math.max(heading.length, ...(numbers ?? cells).map(lengthOf))
    const isWhole = numbers !== undefined || cells.some((cell) => FIGURE.test(stripVTControlCharacters(cell)))
    return { cells: numbers ?? cells, isNumeric: numbers !== undefined, isWhole, width }
  })
  const total = (): number => laid.reduce((sum, { width }) => sum + width, 0) + GAP * (laid.length - 1)
  while (columns !== undefined && total() > columns) {
    const shrinkable = laid.filter(({ isWhole, width }) => !isWhole && width > LEAST_CELL)
    if (shrinkable.length === 0) return undefined
    shrinkable.reduce((widest, one) => (one.width > widest.width ? one : widest)).width--
  }
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const { width = 0, isNumeric = false } = laid[column] ?? {}
        const cut = cutMiddle(cell, width)
        const gap = ' '.repeat(width - lengthOf(cut))
        return isNumeric ? gap + cut : cut + gap
      })
      .join(' '.repeat(GAP))
      .trimEnd()
  return [
    line(used.map((column) => headings[column] ?? '')),
    ...rows.map((_, row) => line(laid.map(({ cells }) => cells[row] ?? ''))),
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

function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length
}

function cutMiddle(text: string, width: number): string {
  const plain = stripVTControlCharacters(text)
  if (plain.length <= width) return text
  const end = Math.floor((width - 1) / 2)
  return `${plain.slice(0, width - 1 - end)}${ELLIPSIS}${plain.slice(plain.length - end)}`
}
