import { GuestProgram } from '../../support/guestProgram.js'
import type { Language } from '../Language.js'

/** A static ELF, compiled with the sources that our own provers in C++ share. */
export const cpp: Language = {
  name: 'cpp',
  tools: ['g++'],
  debian: 'g++',
  resources: { cores: 2, memoryMiB: 64, outputMiB: 1 },
  async build() {
    return {
      argv: ['/app/prover'],
      files: [{ path: 'prover', source: await new GuestProgram(import.meta.dirname).compile(), executable: true }],
    }
  },
}
