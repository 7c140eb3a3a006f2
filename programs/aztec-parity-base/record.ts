import { recordRun } from '../support/record.js'
import { buildPackages } from './build.js'
import { AZTEC_TEST } from './examples.js'
import { makeInputs } from './inputs.js'

const { files } = await makeInputs(AZTEC_TEST.batch)
const where = { variant: 'development', directory: null, download: null } as const
await recordRun({
  folder: 'aztec-parity-base',
  sample: "the batch of Aztec's own test",
  files,
  build: (store) => buildPackages({ store, ...where }),
})
