import { randomBytes } from 'node:crypto'
import { chmod, link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { contentError } from '../errors/codes/content.js'
import type { ContentSource, ReadOptions } from './ContentStore.js'
import { digestFromHex, digestOf, hexOf, type Digest } from './digest.js'
import { isX64Elf } from './elf/isX64Elf.js'
import { inParallel } from './inParallel.js'
import { makePublicDirectory } from './makePublicDirectory.js'
import {
  MAX_PACKAGE_MANIFEST_BYTES,
  parsePackageManifest,
  type PackageFile,
  type PackageManifest,
} from './PackageManifest.js'
import { FILES_AT_A_TIME, progressOf } from './progressOf.js'
import { diskError, errnoOf } from './writeAtomically.js'

/** A checked package on this machine. Read-only; owned by the cache. */
export interface LocalPackage {
  readonly digest: Digest
  readonly manifest: PackageManifest
  /** The directory of this package in the cache; runtimes may keep images derived from the package here. */
  readonly directory: string
  /** The directory that programs see as `/app`. */
  readonly files: string
}

/** Options of {@link fetchPackage}. */
export interface FetchPackageOptions {
  /** The most bytes of all files together; default 4 GiB. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
  /** Bytes of package files received so far, and of how many. */
  readonly onProgress?: ReadOptions['onProgress']
  /** Called with the bytes of all files together before they are fetched. */
  readonly makeRoom?: (bytes: number) => Promise<void>
}

/**
 * Brings a package into the cache, or finds it there. Files are kept once per content (`<cache>/blobs`) and linked into
 * packages (`<cache>/packages/<digest>`); a package appears by one rename, so processes that share a cache never see a
 * half-made one.
 * @throws GevulotError `CONTENT_*`
 */
export async function fetchPackage(
  digest: Digest,
  source: ContentSource,
  cacheDirectory: string,
  options: FetchPackageOptions = {},
): Promise<LocalPackage> {
  const directory = join(cacheDirectory, 'packages', hexOf(digest))
  const cached = await openCached(digest, directory)
  if (cached !== undefined) return cached

  const { signal } = options
  const bytes = await manifestBytes(digest, source, signal)
  const manifest = parsePackageManifest(bytes)
  const total = manifest.files.reduce((sum, file) => sum + file.size, 0)
  const maxBytes = options.maxBytes ?? 4 * 2 ** 30
  if (total > maxBytes) {
    throw contentError('CONTENT_TOO_LARGE', `package ${digest} has ${total} bytes, more than ${maxBytes}`, {
      details: { total, maxBytes },
    })
  }
  await options.makeRoom?.(total)
  const building = `${directory}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`
  try {
    // The sandbox runs programs as another user.
    await makePublicDirectory(join(building, 'files'), building)
    const report = progressOf(manifest.files, options.onProgress)
    await inParallel(
      manifest.files,
      FILES_AT_A_TIME,
      async (file, stop, index) => {
        const path = join(building, 'files', file.path)
        await makePublicDirectory(dirname(path), building)
        await placeFile(file, path, source, cacheDirectory, {
          ...{ maxBytes: file.size, signal: stop },
          onProgress: ({ received }) => report(index, received),
        })
        report(index, file.size)
      },
      signal,
    )
    const executable = join(building, 'files', (manifest.argv[0] ?? '').slice('/app/'.length))
    if (!(await isX64Elf(executable)))
      throw contentError('CONTENT_FILE_INVALID', `argv[0] of package ${digest} is not an x86-64 ELF`)
    await writeFile(join(building, 'manifest.json'), bytes, { mode: 0o444, flush: true })
    await publish(building, directory, digest)
  } catch (error) {
    throw diskError(error, building)
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return { digest, manifest, directory, files: join(directory, 'files') }
}

/**
 * What a package says of itself, without its files.
 * @throws GevulotError `CONTENT_*`
 */
export async function fetchPackageManifest(
  digest: Digest,
  source: ContentSource,
  signal?: AbortSignal,
): Promise<PackageManifest> {
  return parsePackageManifest(await manifestBytes(digest, source, signal))
}

function manifestBytes(digest: Digest, source: ContentSource, signal: AbortSignal | undefined): Promise<Uint8Array> {
  return source.get(digest, { maxBytes: MAX_PACKAGE_MANIFEST_BYTES, ...(signal && { signal }) })
}

/** The package in the cache if it is whole; a damaged one is removed so that it is fetched again. */
async function openCached(digest: Digest, directory: string): Promise<LocalPackage | undefined> {
  const files = join(directory, 'files')
  const bytes = await readFile(join(directory, 'manifest.json')).catch(unlessMissing)
  // Nothing is removed then: another process may have put it there since.
  if (bytes === undefined) return undefined
  if (digestOf(bytes) === digest) {
    const manifest = parsePackageManifest(bytes)
    const sizes = await Promise.all(
      manifest.files.map(async (file) => (await stat(join(files, file.path)).catch(unlessMissing))?.size),
    )
    if (manifest.files.every((file, index) => file.size === sizes[index])) return { digest, manifest, directory, files }
  }
  await rm(directory, { recursive: true, force: true })
  return undefined
}

function unlessMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error
}

/**
 * Puts a file into a package at `path`, and into the cache for others. Hard links share their mode, so each mode has its own copy. A file is linked first
 * and looked at then: whoever makes room in the cache meanwhile takes its name there, not the file.
 */
async function placeFile(
  file: PackageFile,
  path: string,
  source: ContentSource,
  cacheDirectory: string,
  options: ReadOptions,
): Promise<void> {
  const mode = file.mode === '0755' ? 0o555 : 0o444
  const blob = join(cacheDirectory, 'blobs', mode === 0o555 ? `${file.sha256}.x` : file.sha256)
  const linked = async (): Promise<boolean> => {
    try {
      await link(blob, path)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false
      throw error
    }
    const have = await stat(path)
    if (have.size === file.size && (have.mode & 0o777) === mode) return true
    await rm(path)
    return false
  }
  if (await linked()) return
  await makePublicDirectory(dirname(blob))
  const fresh = `${blob}.${process.pid}.${randomBytes(6).toString('hex')}.new`
  try {
    const size = await source.save(digestFromHex(file.sha256), fresh, options)
    if (size !== file.size) {
      throw contentError('CONTENT_MANIFEST_INVALID', `${file.path} has ${size} bytes, the manifest says ${file.size}`)
    }
    await chmod(fresh, mode)
    // Whoever fetched it meanwhile keeps the place, so that all packages share one copy; only a damaged one is replaced.
    await link(fresh, blob).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error
    })
    if (await linked()) return
    await link(fresh, path)
    await rename(fresh, blob)
  } finally {
    await rm(fresh, { force: true })
  }
}

async function publish(building: string, directory: string, digest: Digest): Promise<void> {
  try {
    await rename(building, directory)
  } catch (error) {
    // Another process was faster; its copy has the same digest.
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error
    if ((await openCached(digest, directory)) !== undefined) return
    // The rest of one whose removal was cut off.
    await rm(directory, { recursive: true, force: true })
    await rename(building, directory)
  }
}
