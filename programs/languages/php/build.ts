import { realpath } from 'node:fs/promises'
import { join } from 'node:path'

import { elfProgram } from '../../../sdk/src/content/index.js'
import type { Language } from '../Language.js'

const PHP = '/usr/bin/php'
// Debian's PHP reads time zones where the system has them, and complains when there is not even this one.
const ZONE = { path: 'usr/share/zoneinfo/UTC', source: '/usr/share/zoneinfo/Etc/UTC' }

/** Debian's interpreter with its libraries, and the script; what is not built into it (`-n`: no settings) is left out. */
export const php: Language = {
  name: 'php',
  tools: [PHP],
  debian: 'php-cli',
  resources: { cores: 1, memoryMiB: 128, outputMiB: 1 },
  async build() {
    return elfProgram(await realpath(PHP), {
      args: ['-n', '/app/main.php'],
      files: [{ path: 'main.php', source: join(import.meta.dirname, 'main.php') }, ZONE],
    })
  },
}
