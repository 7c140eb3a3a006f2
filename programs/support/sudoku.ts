import { fromWords, toWords } from './words.js'

/** Row by row, 81 numbers; 0 is an empty cell. */
export type Grid = readonly number[]

const CELLS = 81
const FIRST_WORD_CELLS = 41
const BITS = 4n

/** Reads 81 characters, row by row; `.` or `0` is an empty cell. White space is ignored. */
export function parseGrid(text: string): Grid {
  const cells = [...text.replace(/\s/g, '')].map((cell) => (cell === '.' ? 0 : Number(cell)))
  if (cells.length !== CELLS || cells.some((cell) => !Number.isInteger(cell)))
    throw new Error('a sudoku has 81 cells, each a digit or a dot')
  return cells
}

/** The two public words of a grid: four bits a cell, cells 0..40 and 41..80, the first cell lowest. */
export function packGrid(grid: Grid): Uint8Array {
  const pack = (cells: Grid): bigint => cells.reduceRight((word, cell) => (word << BITS) | BigInt(cell), 0n)
  return toWords([pack(grid.slice(0, FIRST_WORD_CELLS)), pack(grid.slice(FIRST_WORD_CELLS))])
}

/** The grid of two public words; undefined if they are no grid. */
export function unpackGrid(publicInputs: Uint8Array): Grid | undefined {
  if (publicInputs.length !== 64) return undefined
  const [first = 0n, second = 0n] = fromWords(publicInputs)
  const unpack = (word: bigint, cells: number): number[] =>
    Array.from({ length: cells }, (_, index) => Number((word >> (BITS * BigInt(index))) & 15n))
  const grid = [...unpack(first, FIRST_WORD_CELLS), ...unpack(second, CELLS - FIRST_WORD_CELLS)]
  const exact = Buffer.compare(packGrid(grid), publicInputs) === 0
  return exact && grid.every((cell) => cell <= 9) ? grid : undefined
}
