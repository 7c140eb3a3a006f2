import { createHash } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { errnoOf, writeAtomically } from '../../content/writeAtomically.js'
import { clientError } from '../../errors/codes/client.js'
import { lockName, type Lock } from '../../lockName.js'
import type { PipelineState } from './PipelineState.js'

/**
 * Keeps the state of a pipeline in a file, whole or as it was, also after a power cut. One process at a time may run a pipeline with it: a second one
 * on this machine is refused on Linux, and elsewhere nobody looks.
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
    ...(process.platform === 'linux' && { lock: () => lockFile(path) }),
  }
}

/** By its directory and name: the file itself is another one after each save. */
async function lockFile(path: string): Promise<Lock> {
  const directory = dirname(resolve(path))
  await mkdir(directory, { recursive: true })
  const { dev, ino } = await stat(directory)
  const name = createHash('sha256').update(basename(path)).digest('hex').slice(0, 32)
  try {
    return await lockName(`pipeline/${dev}-${ino}/${name}`)
  } catch (cause) {
    throw clientError('CLIENT_PIPELINE_RUNNING', `another run of a pipeline works with ${path}`, { cause })
  }
}
