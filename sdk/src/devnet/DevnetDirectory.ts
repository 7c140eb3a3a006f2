import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { DeploymentRecord } from '../chain/deployment.js'
import { devnetError } from '../errors/codes/devnet.js'
import { lockDirectory, type Lock } from '../worker/lock.js'

/** What a local network keeps; nothing else in its directory is ever touched. */
const OWN = ['devnet.json', 'gevulot.json', 'deployment.json', 'requester.key', 'content', 'inbox', 'provers'] as const

/** The files of a local network. */
export class DevnetDirectory {
  readonly path: string
  readonly #lock: Lock

  private constructor(path: string, lock: Lock) {
    this.path = path
    this.#lock = lock
  }

  /**
   * Takes a directory for a new network: removes what an earlier one left there, and refuses one that holds anything else.
   * @throws GevulotError DEVNET_DIRECTORY_REFUSED
   */
  static async take(path: string): Promise<DevnetDirectory> {
    const directory = resolve(path)
    await mkdir(directory, { recursive: true }).catch((cause: unknown) => {
      throw devnetError('DEVNET_DIRECTORY_REFUSED', `cannot make ${directory}`, { cause })
    })
    const lock = await lockDirectory(directory).catch((cause: unknown) => {
      throw devnetError('DEVNET_DIRECTORY_REFUSED', `another local network uses ${directory}`, { cause })
    })
    try {
      const names = await readdir(directory)
      if (names.length > 0 && !names.includes(OWN[0])) {
        throw devnetError('DEVNET_DIRECTORY_REFUSED', `${directory} is not empty and was never a local network's`)
      }
      // The mark goes last, so that a removal that was cut short can be finished.
      for (const name of OWN.toReversed()) await rm(join(directory, name), { recursive: true, force: true })
      const taken = new DevnetDirectory(directory, lock)
      await taken.write('devnet.json', {})
      return taken
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  /** Where something of the network lies. */
  file(name: (typeof OWN)[number], ...below: readonly string[]): string {
    return join(this.path, name, ...below)
  }

  /** Writes one of the JSON files; returns its path. */
  async write(
    name: 'devnet.json' | 'gevulot.json' | 'deployment.json',
    value: DeploymentRecord | object,
  ): Promise<string> {
    const path = this.file(name)
    await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`)
    return path
  }

  /** Makes the directory of a prover. */
  async addProver(name: string): Promise<string> {
    const path = this.file('provers', name)
    await mkdir(path, { recursive: true })
    return path
  }

  /** Lets others take the directory. */
  release(): Promise<void> {
    return this.#lock.release()
  }
}

/** Writes a key that only its owner can read; returns the path. */
export async function writeKey(path: string, privateKey: string): Promise<string> {
  await writeFile(path, `${privateKey}\n`, { mode: 0o600 })
  // The mode above counts for new files only.
  await chmod(path, 0o600)
  return path
}
