import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.js'
import type { ContentSource } from './ContentStore.js'
import { hexOf, type Digest } from './digest.js'
import { fetchPackage, type FetchPackageOptions, type LocalPackage } from './fetchPackage.js'
import { freeBytes } from './freeBytes.js'
import { makePublicDirectory } from './makePublicDirectory.js'
import { diskError, errnoOf } from './writeAtomically.js'

/** Options of {@link PackageCache}. */
export interface PackageCacheOptions {
  /** Belongs to this process alone while it runs. */
  readonly directory: string
  /** Most bytes to keep. */
  readonly maxBytes: number
  readonly clock: Clock
}

/** A package that is kept. */
interface Kept {
  readonly name: string
  /** When it was last asked for, milliseconds. */
  readonly usedAt: number
  /** What is made of it beside its files: manifest and images. */
  readonly bytes: number
}

/** Its files, and the disk that a virtual machine's runtime makes of them. */
const COPIES = 2
/** What others on the disk need to go on: the database writes 16 MiB ahead, proofs have to be kept. */
const SPARED_BYTES = 512 * 2 ** 20
/** The name of a whole package. What has a longer one is unfinished. */
const WHOLE = /^[0-9a-f]{64}$/

/**
 * Packages on this machine, within a bound of bytes. When a new one needs room those go that were not asked for longest, and never one that somebody
 * holds: what runs keeps its files, even if the bound is exceeded then.
 */
export class PackageCache {
  readonly #options: PackageCacheOptions
  /** What each holder has fetched, by name. */
  readonly #held = new Map<object, Set<string>>()
  #removing: Promise<void> = Promise.resolve()

  private constructor(options: PackageCacheOptions) {
    this.#options = options
  }

  /**
   * Opens a cache: what a killed process has not finished is removed, and what is above the bound.
   * @throws GevulotError CONTENT_DISK_FULL
   */
  static async open(options: PackageCacheOptions): Promise<PackageCache> {
    const cache = new PackageCache(options)
    for (const [place, isUnfinished] of [
      [cache.#packages, (name: string) => !WHOLE.test(name)],
      [cache.#blobs, (name: string) => name.endsWith('.new')],
    ] as const) {
      await makePublicDirectory(place).catch((error: unknown) => {
        throw diskError(error, place)
      })
      for (const name of (await readdir(place)).filter(isUnfinished))
        await rm(join(place, name), { recursive: true, force: true })
    }
    await cache.#makeRoom(0)
    return cache
  }

  /**
   * Brings a package here, or finds it, and keeps it until its holder lets go.
   * @throws GevulotError `CONTENT_*`
   */
  async fetch(
    digest: Digest,
    source: ContentSource,
    holder: object,
    options: Omit<FetchPackageOptions, 'makeRoom'> = {},
  ): Promise<LocalPackage> {
    const held = this.#held.get(holder) ?? new Set()
    this.#held.set(holder, held.add(hexOf(digest)))
    // What is being removed must not be found half.
    await this.#removing
    const local = await fetchPackage(digest, source, this.#options.directory, {
      ...options,
      makeRoom: (bytes) => this.#makeRoom(COPIES * bytes),
    })
    const now = this.#options.clock.now() / 1000
    await utimes(local.directory, now, now)
    return local
  }

  /** Lets go of all that a holder has fetched. */
  release(holder: object): void {
    this.#held.delete(holder)
  }

  /** One after the other: two at once would both count what the other removes. */
  #makeRoom(bytes: number): Promise<void> {
    const made = this.#removing.then(() => this.#removeFor(bytes))
    this.#removing = made.catch(() => undefined)
    return made
  }

  async #removeFor(bytes: number): Promise<void> {
    const { directory, maxBytes } = this.#options
    const packages = await this.#kept()
    const [used, free] = await Promise.all([this.#bytesOf(packages), freeBytes(directory)])
    let excess = Math.max(used + bytes - maxBytes, bytes + SPARED_BYTES - free)
    if (excess > 0) excess -= await this.#removeUnlinked()
    for (const { name, bytes: own } of packages.sort((a, b) => a.usedAt - b.usedAt)) {
      if (excess <= 0) return
      if ([...this.#held.values()].some((held) => held.has(name))) continue
      await rm(join(this.#packages, name), { recursive: true, force: true })
      excess -= own + (await this.#removeUnlinked())
    }
  }

  async #kept(): Promise<Kept[]> {
    const names = (await readdir(this.#packages)).filter((name) => WHOLE.test(name))
    return Promise.all(
      names.map(async (name) => {
        const place = join(this.#packages, name)
        const files = (await readdir(place)).filter((file) => file !== 'files')
        const sizes = await Promise.all(files.map((file) => sizeOf(join(place, file))))
        return { name, usedAt: (await stat(place)).mtimeMs, bytes: sizes.reduce((sum, size) => sum + size, 0) }
      }),
    )
  }

  async #bytesOf(packages: readonly Kept[]): Promise<number> {
    let sum = packages.reduce((total, { bytes }) => total + bytes, 0)
    for (const name of await readdir(this.#blobs)) sum += await sizeOf(join(this.#blobs, name))
    return sum
  }

  /** Removes files that are in no package any more. One that is just being put into one loses its name here, and nothing else. */
  async #removeUnlinked(): Promise<number> {
    let removed = 0
    for (const name of await readdir(this.#blobs)) {
      if (name.endsWith('.new')) continue
      const path = join(this.#blobs, name)
      const info = await stat(path)
      if (info.nlink > 1) continue
      await rm(path, { force: true })
      removed += info.size
    }
    return removed
  }

  get #packages(): string {
    return join(this.#options.directory, 'packages')
  }

  get #blobs(): string {
    return join(this.#options.directory, 'blobs')
  }
}

/** Bytes of a file; 0 if it is gone by now. */
async function sizeOf(path: string): Promise<number> {
  const info = await stat(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error
  })
  return info?.size ?? 0
}
