import { createRequire } from 'node:module'

import { nodeProgram as packNode, type ProgramFiles, type SourceFile } from '../../sdk/src/content/index.js'

/** The Node.js binary that packages ship: the pinned npm package, never the one that happens to run the build. */
const NODE = createRequire(import.meta.url).resolve('node/bin/node')

/** A script as a program: Node.js, its libraries, the script and what the script reads from `/app`. */
export function nodeProgram(script: Uint8Array, data: readonly SourceFile[] = []): Promise<ProgramFiles> {
  return packNode(script, { node: NODE, files: data })
}
