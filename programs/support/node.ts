import { createRequire } from 'node:module'
import { basename } from 'node:path'

import type { SourceFile } from '../../sdk/src/content/index.js'
import { runtimeLibraries, withPackagedLoader } from './elf.js'

/** The Node.js binary that packages ship: the pinned npm package, never the one that happens to run the build. */
const NODE = createRequire(import.meta.url).resolve('node/bin/node')

/** A script as a program: Node.js, its libraries, the script and what the script reads from `/app`. */
export function nodeProgram(
  script: Uint8Array,
  data: readonly SourceFile[] = [],
): { argv: string[]; files: SourceFile[] } {
  const libraries = runtimeLibraries(NODE)
  const program = `bin/${basename(NODE)}`
  return {
    argv: [...withPackagedLoader(program, libraries), '/app/main.mjs'],
    files: [
      ...libraries,
      { path: program, source: NODE, executable: true },
      { path: 'main.mjs', source: script },
      ...data,
    ],
  }
}
