import { closeSync, openSync, writeSync } from 'node:fs'

/** Where log lines go. */
export interface LogWriter {
  readonly write: (line: string) => void
  readonly close: () => void
}

/**
 * Opens a log. Lines are written synchronously: the last line before a crash is the one that explains it.
 * @param path File to add to; `-`: standard output.
 */
export function logWriter(path: string): LogWriter {
  const file = path === '-' ? 1 : openSync(path, 'a', 0o640)
  return {
    write: (line) => writeAll(file, Buffer.from(`${line}\n`)),
    close: () => {
      if (path !== '-') closeSync(file)
    },
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
