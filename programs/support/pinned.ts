import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import prettier from 'prettier'

/** Files of the tree that a tool wrote. */
export type Generated = ReadonlyMap<string, string | Uint8Array>

/** Directory of the repository. */
export const REPOSITORY = join(import.meta.dirname, '..', '..')

/** Text in the style of the tree, for a file at `path`. */
export async function formatted(text: string, path: string): Promise<string> {
  const filepath = join(REPOSITORY, path)
  return prettier.format(text, { ...(await prettier.resolveConfig(filepath)), filepath })
}

/** The generated files whose bytes in the tree differ from what was generated now. */
export async function differing(files: Generated): Promise<string[]> {
  const names: string[] = []
  for (const [path, content] of files) {
    const pinned = await readFile(join(REPOSITORY, path)).catch(() => undefined)
    if (pinned === undefined || !pinned.equals(Buffer.from(content))) names.push(path)
  }
  return names
}

/** The main program of a `keys.ts`: writes the generated files, or with `--check` only compares them. */
export async function writeOrCheck(files: Generated): Promise<void> {
  const changed = await differing(files)
  if (process.argv.includes('--check')) {
    console.log(
      changed.length === 0 ? `${files.size} generated files are as pinned` : `not as pinned: ${changed.join(', ')}`,
    )
    if (changed.length > 0) process.exitCode = 1
    return
  }
  for (const path of changed) {
    await mkdir(dirname(join(REPOSITORY, path)), { recursive: true })
    await writeFile(join(REPOSITORY, path), files.get(path) ?? '')
  }
  console.log(changed.length === 0 ? 'nothing changed' : `wrote ${changed.join(', ')}`)
}
