import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ReadProgress } from '../../content/ContentStore.js'
import { downloadFile, type DownloadOptions } from '../../content/downloadFile.js'
import { errnoOf, syncDirectory } from '../../content/writeAtomically.js'
import { contentError } from '../../errors/codes/content.js'
import { findNanosKernel, installedKernelPath, type NanosKernel } from './nanosKernel.js'
import { fileOfTar, gunzipped } from './tar.js'

/** Options of {@link installNanosKernel}. */
export interface InstallOptions extends Pick<DownloadOptions, 'attempts' | 'idleTimeoutMs' | 'retryDelayMs'> {
  /** URL or path of a `kernel.img`, or of a release (`.tar.gz`) that holds one. */
  readonly source: string
  /** sha-256 of what `source` is, 64 hexadecimal digits. */
  readonly sha256: string
  /** Where the kernel goes; default `$XDG_DATA_HOME/gevulot/nanos/kernel.img`, or below `~/.local/share`. */
  readonly path?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ReadProgress) => void
}

// A release of Nanos has some twenty megabytes, a kernel two.
const MAX_SOURCE_BYTES = 128 * 2 ** 20
const MAX_KERNEL_BYTES = 64 * 2 ** 20
const MAX_RELEASE_BYTES = 256 * 2 ** 20

/**
 * Puts a kernel of Nanos where the runtime looks for it. What comes is held against `sha256` before anything else reads it; what an
 * interrupted call brought is kept and gone on with; the kernel appears whole or not at all.
 * @returns the kernel and its own digest, for the operator's configuration
 * @throws GevulotError `CONTENT_*`, RUNTIME_UNAVAILABLE if it holds no kernel
 */
export async function installNanosKernel(options: InstallOptions): Promise<NanosKernel> {
  const path = options.path ?? installedKernelPath()
  const sha256 = options.sha256.toLowerCase()
  // The name says what it will be, so that nothing goes on with the beginning of something else.
  const incoming = `${path}.${sha256.slice(0, 16)}.part`
  const fresh = `${path}.${process.pid}.new`
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await bring(options, incoming, sha256)
  try {
    if (await isGzip(incoming)) await unpack(incoming, fresh)
    else await copyFile(incoming, fresh)
    await chmod(fresh, 0o444)
    const { sha256: digest } = await findNanosKernel({ nanosKernel: fresh })
    const file = await open(fresh, 'r')
    await file.sync().finally(() => file.close())
    await rename(fresh, path)
    await syncDirectory(dirname(path))
    return { path, sha256: digest }
  } finally {
    await rm(fresh, { force: true })
    await rm(incoming, { force: true })
  }
}

/** The source as a checked file. A whole file of an earlier call is not brought again; a wrong one does not stay. */
async function bring(options: InstallOptions, incoming: string, sha256: string): Promise<void> {
  const { source, signal, onProgress, attempts, idleTimeoutMs, retryDelayMs } = options
  if (await stat(incoming).then(() => digestOfFile(incoming), () => '') === sha256) return // prettier-ignore
  if (/^https?:\/\//i.test(source)) {
    if (!URL.canParse(source))
      throw contentError('CONTENT_ADDRESS_REFUSED', `not a URL: ${JSON.stringify(source.slice(0, 200))}`)
    await downloadFile(new URL(source), incoming, {
      maxBytes: MAX_SOURCE_BYTES,
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
      ...(attempts !== undefined && { attempts }),
      ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
      ...(retryDelayMs !== undefined && { retryDelayMs }),
    })
  } else {
    const info = await stat(source).catch((cause: unknown) => {
      if (errnoOf(cause) !== 'ENOENT') throw cause
      throw contentError('CONTENT_NOT_FOUND', `${source} is neither a file nor a URL`, { cause })
    })
    if (!info.isFile()) throw contentError('CONTENT_FILE_INVALID', `${source} is not a regular file`)
    if (info.size > MAX_SOURCE_BYTES)
      throw contentError('CONTENT_TOO_LARGE', `${source} is larger than ${MAX_SOURCE_BYTES} bytes`)
    await copyFile(source, incoming)
  }
  const have = await digestOfFile(incoming)
  if (have === sha256) return
  await rm(incoming, { force: true })
  throw contentError(
    'CONTENT_DIGEST_MISMATCH',
    `${source} has the sha-256 ${have}, not ${sha256}; nothing was installed`,
    {
      details: { source, have, want: sha256 },
    },
  )
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex')
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const magic = Buffer.alloc(2)
    await file.read(magic, 0, 2, 0)
    return magic.readUInt16BE(0) === 0x1f8b
  } finally {
    await file.close()
  }
}

/** Takes `kernel.img` out of a release. */
async function unpack(release: string, path: string): Promise<void> {
  const image = await fileOfTar(gunzipped(release), 'kernel.img', MAX_KERNEL_BYTES, MAX_RELEASE_BYTES).catch(
    (cause: unknown) => {
      throw contentError(
        'CONTENT_FILE_INVALID',
        `the release cannot be unpacked: ${cause instanceof Error ? cause.message : ''}`,
        { cause },
      )
    },
  )
  if (image === undefined) throw contentError('CONTENT_FILE_INVALID', 'the release holds no kernel.img')
  const file = await open(path, 'w', 0o600)
  await file.writeFile(image).finally(() => file.close())
}
