import { chmod, mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a directory that every user can read whatever the umask. Of what is missing only `root` and what lies below it becomes so: from there on others
 * have to pass. What lies above gets the mode that the umask gives, for it may be somebody's private data; who wants others to reach `root` makes that way
 * for them. A directory that is there keeps its mode: it is somebody's decision.
 * @param root What is public as a whole; `path` itself, or a directory above it.
 */
export async function makePublicDirectory(path: string, root: string = path): Promise<void> {
  const first = await mkdir(resolve(path), { recursive: true })
  if (first === undefined) return
  const shortest = Math.max(resolve(first).length, resolve(root).length)
  for (let made = resolve(path); made.length >= shortest; made = dirname(made)) await chmod(made, 0o755)
}
