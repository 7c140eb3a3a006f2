import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'

// A keystore has less than one; nothing that holds a key has more.
const MAX_BYTES = 64 * 1024
const KEY_NAME = /^(0x)?[0-9a-fA-F]{64}$/

/**
 * Reads a text that only its owner may be able to read: keys and passwords. The permissions are those of the file that was opened, so the file cannot
 * be swapped between check and use; a symbolic link is refused.
 * @param name What names the file, for the error: a field, a variable or an option.
 * @param refuse Makes the error, of a sentence that never quotes the content.
 */
export async function readPrivateFile(
  path: string,
  name: string,
  refuse: (why: string, cause?: unknown) => Error,
): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(async (error: unknown) => {
    const { why, cause } = await whyUnopened(path, name, error)
    throw refuse(why, cause)
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

/**
 * Why a file with a secret could not be opened. What is no file may be the secret itself, written where its path belongs: then neither the sentence nor
 * the cause quotes it.
 */
export async function whyUnopened(
  path: string,
  name: string,
  error: unknown,
): Promise<{ readonly why: string; readonly cause: unknown }> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  const isThere = (code === 'EACCES' || code === 'ELOOP' || code === 'EPERM') && !KEY_NAME.test(basename(path))
  if (!isThere) {
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
    const what = isMissing
      ? 'names no file; it takes the path of a file, and not what the file holds'
      : 'cannot be opened'
    const why = `${name} ${what} (${code}, below ${await nearestDirectory(path)})`
    return { why, cause: Object.assign(new Error(code), { code }) }
  }
  const what = code === 'ELOOP' ? ': it is a symbolic link' : ': this user may not read it'
  return { why: `cannot open the file ${path} of ${name}${what} (${code})`, cause: error }
}

/** The nearest folder above a path that is there. */
async function nearestDirectory(path: string): Promise<string> {
  const parent = dirname(resolve(path))
  const isThere = await stat(parent).then(
    (info) => info.isDirectory(),
    () => false,
  )
  return isThere || parent === dirname(parent) ? parent : nearestDirectory(parent)
}
