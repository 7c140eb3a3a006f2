import { join } from 'node:path'

import { elfProgram } from '../../../sdk/src/content/index.js'
import type { Language } from '../Language.js'
import { compile } from '../toolchain.js'

/** A static ELF: one file, for every runtime. */
export const c: Language = {
  name: 'c',
  tools: ['cc'],
  debian: 'gcc libc6-dev',
  resources: { cores: 2, memoryMiB: 64, outputMiB: 1 },
  async build(directory) {
    const program = join(directory, 'prover')
    const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-pthread', '-static', '-s', '-Wl,--build-id=none']
    const sources = ['main.c', 'sha256.c'].map((name) => join(import.meta.dirname, name))
    await compile('cc', [...flags, '-o', program, ...sources])
    return elfProgram(program)
  },
}
