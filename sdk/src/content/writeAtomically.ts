import { randomBytes } from 'node:crypto'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { contentError } from '../errors/codes/content.js'

/**
 * Writes a file so that it appears whole or not at all, also after a power cut: temporary file, fsync, rename, fsync of
 * the directory. `fill` writes the bytes and answers the final path (which may depend on them; same file system).
 * @throws GevulotError CONTENT_DISK_FULL
 */
export async function writeAtomically(near: string, fill: (file: FileHandle) => Promise<string>): Promise<void> {
  const temporary = `${near}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o444)
    let final: string
    try {
      final = await fill(file)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, final)
    await syncDirectory(dirname(final))
  } catch (error) {
    await rm(temporary, { force: true })
    throw diskError(error, temporary)
  }
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Turns "no space" and "over quota" into an error that says so; any other error passes unchanged. */
export function diskError(error: unknown, path: string): unknown {
  const code = errnoOf(error)
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  return contentError('CONTENT_DISK_FULL', `no space left for ${path}`, { cause: error, details: { path } })
}

/** The errno name of a failed system call, if that is what `error` is. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
