/** Writes docs/aztec-costs.md of the bench's figures. */
import { writeFileSync } from 'node:fs'

import { aztecCostsPage, aztecCostsPath } from '../lib/aztecCosts.js'

writeFileSync(aztecCostsPath, aztecCostsPage())
