import { readdir, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { contentError } from '../errors/codes/content.js'
import type { SourceFile } from './buildPackage.js'

const MAX_DEPTH = 32
const MAX_FILES = 20_000

/**
 * Lists a directory as files to pack, sorted; executable bits are kept. A link is followed if it stays inside: one that leaves would
 * pack what the author of the package never saw. Devices and pipes are refused.
 * @throws GevulotError CONTENT_FILE_INVALID
 */
export async function packDirectory(directory: string): Promise<SourceFile[]> {
  const root = await realpath(directory)
  const files: SourceFile[] = []
  const visit = async (path: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH)
      throw contentError('CONTENT_FILE_INVALID', `${join(root, path)} is nested too deeply; a link that leads back?`)
    for (const name of (await readdir(join(root, path))).sort()) {
      const inner = path === '' ? name : `${path}/${name}`
      const real = await realpath(join(root, inner)).catch((cause: unknown) => {
        throw contentError('CONTENT_FILE_INVALID', `${join(root, inner)} is a link that leads nowhere`, { cause })
      })
      const away = relative(root, real)
      if (away === '..' || away.startsWith(`..${sep}`))
        throw contentError('CONTENT_FILE_INVALID', `${join(root, inner)} is a link that leaves the directory`)
      const info = await stat(real)
      if (info.isDirectory()) await visit(inner, depth + 1)
      else if (info.isFile()) files.push({ path: inner, source: real, executable: (info.mode & 0o100) !== 0 })
      else throw contentError('CONTENT_FILE_INVALID', `${join(root, inner)} is neither a file nor a directory`)
      if (files.length > MAX_FILES)
        throw contentError('CONTENT_FILE_INVALID', `${root} has more than ${MAX_FILES} files`)
    }
  }
  await visit('', 0)
  return files
}
