import { closeSync, openSync, writeSync } from 'node:fs'
import { errnoOf } from '../../content/writeAtomically.js'
import { workerError } from '../../errors/codes/worker.js'

/** Where log lines go. */
export interface LogWriter {
  readonly write: (line: string) => void
  readonly close: () => void
}

/** What no restart changes. */
// As long as a disk is not mounted yet, or is read-only after a fault.
const PASSING: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'its folder is not there'],
  ['EROFS', 'nothing can be written there'],
])
const MISTAKES: ReadonlyMap<unknown, string> = new Map([
  ['ENOTDIR', 'a part of its path is no folder'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'this user may not write there'],
  ['EPERM', 'this user may not write there'],
  ['ELOOP', 'its links lead nowhere'],
  ['ENAMETOOLONG', 'its name is too long'],
])

/**
 * Opens a log. Lines are written synchronously: the last line before a crash is the one that explains it.
 * @param path File to add to; `-`: standard output.
 * @throws GevulotError WORKER_CONFIG_INVALID where no file can be at that path, WORKER_LOG_UNAVAILABLE where there is none yet
 */
export function logWriter(path: string): LogWriter {
  const file = path === '-' ? 1 : openLog(path)
  return {
    write: (line) => writeAll(file, Buffer.from(`${line}\n`)),
    close: () => {
      if (path !== '-') closeSync(file)
    },
  }
}

function openLog(path: string): number {
  try {
    return openSync(path, 'a', 0o640)
  } catch (cause) {
    const code = errnoOf(cause)
    const why = PASSING.get(code) ?? MISTAKES.get(code)
    if (why === undefined) throw cause
    const known = PASSING.has(code) ? 'WORKER_LOG_UNAVAILABLE' : 'WORKER_CONFIG_INVALID'
    throw workerError(known, `logFile: ${path} cannot be opened: ${why} (${code})`, { cause })
  }
}

/** A log that cannot be written (full disk, reader gone) must not stop the prover: the rest of the line is dropped. */
function writeAll(file: number, bytes: Buffer): void {
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
  } catch {
    return
  }
}
