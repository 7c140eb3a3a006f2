/** Writes sdk/ERRORS.md of the tables of error codes. */
import { writeFileSync } from 'node:fs'

import { errorsPage, errorsPath } from '../lib/errors.js'

writeFileSync(errorsPath, errorsPage())
