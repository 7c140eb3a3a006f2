import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '../../content/digest.js'
import { errnoOf, writeAtomically } from '../../content/writeAtomically.js'
import { aztecError } from '../../errors/codes/aztec.js'

/** The JSON of results that were checked, one file each, until their jobs are forgotten. */
export class ResultFiles {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Stores a result durably. @returns Its digest. */
  async put(json: string): Promise<string> {
    const digest = digestOf(json)
    const path = this.#path(digest)
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await writeAtomically(path, async (file) => {
      await file.writeFile(json)
      return path
    })
    return digest
  }

  /**
   * A result, as it was stored.
   * @throws GevulotError AZTEC_RESULT_INVALID: the file is damaged, or gone
   */
  async get(digest: string): Promise<string> {
    const json = await readFile(this.#path(digest), 'utf8').catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    })
    if (json !== undefined && digestOf(json) === digest) return json
    throw aztecError(
      'AZTEC_RESULT_INVALID',
      `the stored result ${digest} is ${json === undefined ? 'gone' : 'damaged'}`,
    )
  }

  /** Removes a result. */
  async remove(digest: string): Promise<void> {
    await rm(this.#path(digest), { force: true })
  }

  #path(digest: string): string {
    return join(this.#directory, digest.slice(2))
  }
}
