import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { contentError } from '../errors/codes/content.js'
import type { ContentSource, ReadOptions } from './ContentStore.js'
import { digestFromHex, type Digest } from './digest.js'
import { inParallel } from './inParallel.js'
import { MAX_INPUTS_MANIFEST_BYTES, parseInputsManifest, PUBLIC_INPUTS, type InputFile } from './InputsManifest.js'
import { FILES_AT_A_TIME, progressOf } from './progressOf.js'
import { diskError } from './writeAtomically.js'

/** A checked input file on this machine. */
export interface LocalFile {
  readonly name: string
  readonly path: string
}

/** Checked inputs on this machine. */
export interface LocalInputs {
  readonly digest: Digest
  readonly args: readonly string[]
  readonly files: readonly (InputFile & LocalFile)[]
  /** The file whose keccak-256 the workload names. */
  readonly publicInputs: InputFile & LocalFile
}

/** Options of {@link fetchInputs}. */
export interface FetchInputsOptions {
  /** The most bytes of all files together; default 4 GiB. */
  readonly maxBytes?: number
  /** The most bytes of the public inputs among them; default all of `maxBytes`. */
  readonly maxPublicInputsBytes?: number
  readonly signal?: AbortSignal
  readonly onProgress?: ReadOptions['onProgress']
}

/**
 * Brings the inputs of a workload into `directory`, one file each under its name. The directory belongs to the job; the
 * caller removes it with the job.
 * @throws GevulotError `CONTENT_*`
 */
export async function fetchInputs(
  digest: Digest,
  source: ContentSource,
  directory: string,
  options: FetchInputsOptions = {},
): Promise<LocalInputs> {
  const { signal } = options
  const bytes = await source.get(digest, { maxBytes: MAX_INPUTS_MANIFEST_BYTES, ...(signal && { signal }) })
  const manifest = parseInputsManifest(bytes)
  const total = manifest.files.reduce((sum, file) => sum + file.size, 0)
  const maxBytes = options.maxBytes ?? 4 * 2 ** 30
  if (total > maxBytes) {
    throw contentError('CONTENT_TOO_LARGE', `inputs ${digest} have ${total} bytes, more than ${maxBytes}`, {
      details: { total, maxBytes },
    })
  }
  const words = manifest.files.find((file) => file.name === PUBLIC_INPUTS)?.size ?? 0
  const most = options.maxPublicInputsBytes ?? maxBytes
  if (words > most) {
    throw contentError('CONTENT_TOO_LARGE', `the public inputs of ${digest} have ${words} bytes, more than ${most}`, {
      details: { total: words, maxBytes: most },
    })
  }
  await mkdir(directory, { recursive: true })
  const report = progressOf(manifest.files, options.onProgress)
  const files = await inParallel(
    manifest.files,
    FILES_AT_A_TIME,
    async (file, stop, index) => {
      const path = join(directory, file.name)
      const size = await source
        .save(digestFromHex(file.sha256), path, {
          ...{ maxBytes: file.size, signal: stop },
          onProgress: ({ received }) => report(index, received),
        })
        .catch((error: unknown) => {
          throw diskError(error, path)
        })
      if (size !== file.size)
        throw contentError('CONTENT_MANIFEST_INVALID', `${file.name} has ${size} bytes, the manifest says ${file.size}`)
      report(index, size)
      return { ...file, path }
    },
    signal,
  )
  const publicInputs = files.find((file) => file.name === PUBLIC_INPUTS)
  if (publicInputs === undefined) throw new TypeError('unreachable: the manifest was checked')
  return { digest, args: manifest.args, files, publicInputs }
}
