import { packGrid, parseGrid } from '../support/sudoku.js'

/** The input files of a workload that asks for a proof that `puzzle` (81 characters, row by row, `.` or `0` empty) can be solved. */
export function makeInputs(puzzle: string): { files: { public_inputs: Uint8Array } } {
  return { files: { public_inputs: packGrid(parseGrid(puzzle)) } }
}
