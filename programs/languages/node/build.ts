import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { nodeProgram } from '../../support/node.js'
import type { Language } from '../Language.js'

/** The script with the Node.js that npm pins, which brings a compiler for WebAssembly too. */
export const node: Language = {
  name: 'node',
  tools: [],
  debian: '',
  resources: { cores: 2, memoryMiB: 512, outputMiB: 1 },
  async build() {
    return nodeProgram(await readFile(join(import.meta.dirname, 'main.mjs')))
  },
}
