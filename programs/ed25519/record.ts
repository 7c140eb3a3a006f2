import { recordRun } from '../support/record.js'
import { buildPackages } from './build.js'
import { RFC_8032 } from './examples.js'
import { makeInputs } from './inputs.js'

const [, , test3] = RFC_8032
if (test3 === undefined) throw new Error('the example is missing')
const { files } = await makeInputs(test3)
const where = { variant: 'development', directory: null, download: null } as const
await recordRun({
  folder: 'ed25519',
  sample: 'RFC 8032, 7.1, TEST 3',
  files,
  build: (store) => buildPackages({ store, ...where }),
})
