import { readFile } from 'node:fs/promises'
import { errnoOf, writeAtomically } from '../../content/writeAtomically.js'
import type { PipelineState } from './PipelineState.js'

/**
 * Keeps the state of a pipeline in a file, whole or as it was, also after a power cut. One process at a time may run a pipeline with it.
 * @example
 * const proofs = await graph.run(client, { state: fileState('./block-17.json') })
 */
export function fileState(path: string): PipelineState {
  return {
    async load() {
      try {
        return await readFile(path, 'utf8')
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined
        throw error
      }
    },
    save: (text) =>
      writeAtomically(path, async (file) => {
        await file.chmod(0o644)
        await file.writeFile(text)
        return path
      }),
  }
}
