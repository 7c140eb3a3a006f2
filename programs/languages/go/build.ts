import { join } from 'node:path'

import { elfProgram } from '../../../sdk/src/content/index.js'
import type { Language } from '../Language.js'
import { compile } from '../toolchain.js'

/** A static ELF, as Go makes them when it does not use C. */
export const go: Language = {
  name: 'go',
  tools: ['go'],
  debian: 'golang-go',
  resources: { cores: 2, memoryMiB: 64, outputMiB: 1 },
  async build(directory) {
    const program = join(directory, 'prover')
    const env = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' }
    const flags = ['-trimpath', '-ldflags', '-s -w -buildid=']
    await compile('go', ['build', ...flags, '-o', program, 'main.go'], { cwd: import.meta.dirname, env })
    return elfProgram(program)
  },
}
