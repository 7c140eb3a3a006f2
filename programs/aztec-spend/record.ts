import { recordRun } from '../support/record.js'
import { buildPackages } from './build.js'
import { exampleNote, makeInputs } from './inputs.js'

const { files } = await makeInputs(exampleNote('record'))
const where = { variant: 'development', directory: null, download: null } as const
await recordRun({
  folder: 'aztec-spend',
  sample: 'the note "record"',
  files,
  build: (store) => buildPackages({ store, ...where }),
})
