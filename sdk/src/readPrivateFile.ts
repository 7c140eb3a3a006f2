import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

// A keystore has less than one; nothing that holds a key has more.
const MAX_BYTES = 64 * 1024

/**
 * Reads a text that only its owner may be able to read: keys and passwords. The permissions are those of the file that was opened, so the file cannot
 * be swapped between check and use; a symbolic link is refused.
 * @param refuse Makes the error, of a sentence that never quotes the content.
 */
export async function readPrivateFile(path: string, refuse: (why: string, cause?: unknown) => Error): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw refuse(`cannot open the file ${path}`, cause)
  })
  try {
    const info = await file.stat()
    if (!info.isFile()) throw refuse(`${path} is not a regular file`)
    const mode = info.mode & 0o777
    if ((mode & 0o077) !== 0) throw refuse(`${path} can be read by others (mode ${mode.toString(8)})`)
    if (info.size > MAX_BYTES) throw refuse(`${path} is too large to hold a key`)
    return (await file.readFile('utf8')).trim()
  } finally {
    await file.close()
  }
}
