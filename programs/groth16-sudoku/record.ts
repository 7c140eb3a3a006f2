import samples from '../marlin-sudoku/samples.json' with { type: 'json' }
import { recordRun } from '../support/record.js'
import { buildPackages } from './build.js'
import { makeInputs } from './inputs.js'

const { files } = makeInputs(samples.example.puzzle)
await recordRun({ folder: 'groth16-sudoku', sample: 'example', files, build: (store) => buildPackages({ store }) })
