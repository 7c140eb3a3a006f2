import { recordRun } from '../support/record.js'
import { buildPackages } from './build.js'
import { makeInputs } from './inputs.js'
import samples from './samples.json' with { type: 'json' }

const { files } = makeInputs(samples.example.puzzle)
await recordRun({ folder: 'marlin-sudoku', sample: 'example', files, build: (store) => buildPackages({ store }) })
