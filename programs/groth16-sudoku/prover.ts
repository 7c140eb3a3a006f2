import { readFileSync } from 'node:fs'

import { runJob } from '../support/job.js'
import { fromWords } from '../support/words.js'
import { prove } from './prove.js'
import { unpackGrid } from '../support/sudoku.js'
import { solve } from './solver.js'

await runJob(async (read) => {
  const publicInputs = read('public_inputs')
  const clues = unpackGrid(publicInputs)
  if (clues === undefined) return { status: 'error', error: 'public_inputs is not a packed sudoku' }
  const solution = solve(clues)
  if (solution === undefined) return { status: 'error', error: 'the sudoku has no solution' }
  const key = { witnessGenerator: readFileSync('/app/witness.wasm'), key: readFileSync('/app/proving.zkey') }
  return { status: 'ok', files: { proof: await prove(clues, solution, fromWords(publicInputs), key) } }
})
