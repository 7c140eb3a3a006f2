/** Writes the list of the CLI's commands, and docs/cli.md from them. */
import { writeFileSync } from 'node:fs'

import { cliIndexPath, cliPagePath, expectedCliIndex, expectedCliPage } from '../lib/cli.js'

writeFileSync(cliIndexPath, expectedCliIndex())
// Only now, because the list was just written.
const { commands } = await import('../../sdk/src/cli/commands/index.js')
writeFileSync(cliPagePath, expectedCliPage(commands))
