import { constants } from 'node:fs'
import { lstat, open, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../content/writeAtomically.js'
import type { GuestEntry, GuestOutput } from './GuestOutput.js'

/** `/out` as a directory that the program can no longer touch. */
export class DirectoryOutput implements GuestOutput {
  readonly full: boolean
  readonly #directory: string

  private constructor(directory: string, full: boolean) {
    this.#directory = directory
    this.full = full
  }

  /** @param directory The root of a file system of its own. */
  static async open(directory: string): Promise<DirectoryOutput> {
    const { bavail, ffree } = await statfs(directory)
    return new DirectoryOutput(directory, bavail === 0 || ffree === 0)
  }

  async stat(name: string): Promise<GuestEntry | undefined> {
    try {
      const info = await lstat(join(this.#directory, name))
      return info.isFile() ? { kind: 'file', size: info.size } : { kind: 'other' }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  async *read(name: string, maxBytes: number): AsyncGenerator<Uint8Array> {
    // NOFOLLOW and NONBLOCK: neither a link nor a pipe, should the name have become one.
    const file = await open(
      join(this.#directory, name),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
    if (maxBytes === 0) return file.close()
    yield* file.createReadStream({ end: maxBytes - 1, highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>
  }
}
