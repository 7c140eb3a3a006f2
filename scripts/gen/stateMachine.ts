/** Writes docs/state-machine.md. */
import { writeFileSync } from 'node:fs'

import { stateMachinePage, stateMachinePath } from '../lib/stateMachine.js'

writeFileSync(stateMachinePath, stateMachinePage())
