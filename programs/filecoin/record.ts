import { recordRun } from '../support/record.js'
import { buildPackages } from './build.js'
import { sampleInputs } from './samples.js'
import { PROGRAMS } from './shapes.js'

const files = { ...sampleInputs(PROGRAMS.window).files }
await recordRun({ folder: 'filecoin', sample: 'window', files, build: (store) => buildPackages({ store }) })
