import { createReadStream } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { errnoOf, writeAtomically } from '../../content/writeAtomically.js'
import { aztecError } from '../../errors/codes/aztec.js'
import type { FileStore } from './filedExchange.js'

const MAX_BYTES = 256 * 2 ** 20

/** Aztec's `file://` store: a directory that producer and agents share. @param root Absolute path. */
export function directoryFiles(root: string): FileStore {
  if (!isAbsolute(root)) throw aztecError('AZTEC_CONFIG_INVALID', `the store ${root} is not an absolute path`)
  return {
    // As Aztec writes it: the path as it is, nothing encoded.
    base: `file://${root.replace(/\/+$/, '')}/`,
    async read(path) {
      const file = join(root, path)
      try {
        if ((await stat(file)).size > MAX_BYTES) throw aztecError('AZTEC_INPUTS_UNAVAILABLE', `${file} is too large`)
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined
        throw error
      }
      const bytes = Buffer.concat(await createReadStream(file).toArray())
      return uncompressed(bytes)
    },
    async write(path, bytes) {
      const file = join(root, path)
      await mkdir(dirname(file), { recursive: true })
      await writeAtomically(file, async (handle) => {
        await handle.chmod(0o644)
        await handle.writeFile(bytes)
        return file
      })
    },
  }
}

/** Aztec may compress what it stores, and tells only by the first bytes, which can be those of plain inputs too. */
function uncompressed(bytes: Buffer): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES })
  } catch {
    return bytes
  }
}
