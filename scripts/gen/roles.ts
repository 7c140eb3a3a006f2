/** Writes docs/roles.md of what was built. */
import { writeFileSync } from 'node:fs'

import { rolesPage, rolesPath } from '../lib/roles.js'

writeFileSync(rolesPath, rolesPage())
