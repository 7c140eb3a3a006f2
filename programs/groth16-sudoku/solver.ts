import type { Grid } from '../support/sudoku.js'

const ALL = 0b111_111_111

/**
 * Solves a sudoku by backtracking, always at the cell with the fewest candidates.
 * @returns the first solution found, or undefined if there is none
 */
export function solve(puzzle: Grid): Grid | undefined {
  const grid = [...puzzle]
  // For each of 9 rows, 9 columns and 9 boxes, the numbers already used, one bit each.
  const used = new Array<number>(27).fill(0)
  const units = (cell: number): [number, number, number] => {
    const row = Math.floor(cell / 9)
    const column = cell % 9
    return [row, 9 + column, 18 + 3 * Math.floor(row / 3) + Math.floor(column / 3)]
  }
  const candidates = (cell: number): number => units(cell).reduce((free, unit) => free & ~(used[unit] ?? 0), ALL)
  const toggle = (cell: number, bit: number): void =>
    units(cell).forEach((unit) => (used[unit] = (used[unit] ?? 0) ^ bit))

  for (const [cell, number] of grid.entries()) {
    if (number === 0) continue
    const bit = 1 << (number - 1)
    if ((candidates(cell) & bit) === 0) return undefined
    toggle(cell, bit)
  }
  return fill() ? grid : undefined

  function fill(): boolean {
    let best = -1
    let bestFree = 0
    let fewest = 10
    for (let cell = 0; cell < grid.length; cell++) {
      if (grid[cell] !== 0) continue
      const free = candidates(cell)
      const count = bits(free)
      if (count < fewest) [best, bestFree, fewest] = [cell, free, count]
    }
    if (best < 0) return true
    for (let number = 1; number <= 9; number++) {
      const bit = 1 << (number - 1)
      if ((bestFree & bit) === 0) continue
      grid[best] = number
      toggle(best, bit)
      if (fill()) return true
      toggle(best, bit)
    }
    grid[best] = 0
    return false
  }
}

function bits(mask: number): number {
  let count = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++
  return count
}
