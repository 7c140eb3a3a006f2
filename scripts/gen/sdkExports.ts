/** Writes `exports` and `bin` of `sdk/package.json` from the entry points that exist. */
import { writeFileSync } from 'node:fs'

import { expectedManifest, manifestPath } from '../lib/sdkEntries.js'

writeFileSync(manifestPath, expectedManifest())
