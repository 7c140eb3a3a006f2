import { join } from 'node:path'

import { elfProgram } from '../../../sdk/src/content/index.js'
import type { Language } from '../Language.js'
import { compile } from '../toolchain.js'

/** A static ELF. Where the target for musl is installed, that is smaller still. */
export const rust: Language = {
  name: 'rust',
  tools: ['rustc'],
  debian: 'rustc',
  resources: { cores: 2, memoryMiB: 64, outputMiB: 1 },
  async build(directory) {
    const program = join(directory, 'prover')
    const codegen = [
      'opt-level=3',
      'target-feature=+crt-static',
      'panic=abort',
      'strip=symbols',
      'link-arg=-Wl,--build-id=none',
    ]
    const flags = [
      '--edition',
      '2021',
      '-D',
      'warnings',
      '--crate-name',
      'prover',
      ...codegen.flatMap((option) => ['-C', option]),
    ]
    // A relative path, so that the binary does not tell where it was made.
    await compile('rustc', [...flags, '-o', program, 'main.rs'], { cwd: import.meta.dirname })
    return elfProgram(program)
  },
}
