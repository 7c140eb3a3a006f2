/** Writes docs/external-calls.md of what was built. */
import { writeFileSync } from 'node:fs'

import { externalCallsPage, externalCallsPath } from '../lib/externalCalls.js'

writeFileSync(externalCallsPath, externalCallsPage())
