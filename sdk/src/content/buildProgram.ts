import { stat } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import { contentError } from '../errors/codes/content.js'
import type { PutOptions } from './ContentStore.js'
import { buildPackage, type BuiltPackage, type PackageSpec } from './buildPackage.js'
import type { ContentStore } from './ContentStore.js'
import { directoryProgram } from './directoryProgram.js'
import { elfProgram, type ProgramFiles } from './elfProgram.js'
import { isNodeScript, nodeProgram } from './nodeProgram.js'

/** Options of {@link buildProgram}. */
export interface BuildProgramOptions extends Omit<PackageSpec, 'name' | 'argv' | 'files'> {
  /** By default the name of the source and the role. */
  readonly name?: string
  /** The program or script in a directory. */
  readonly entry?: string
  /** The Node.js to pack with a script. */
  readonly node?: string
  /** Arguments that every run gets. */
  readonly args?: readonly string[]
  readonly files?: PackageSpec['files']
  readonly libraries?: readonly string[]
  readonly signal?: AbortSignal
  /** Called with the path of each file before it is stored. */
  readonly onFile?: (path: string) => void
  /** Told of the bytes of all files together. */
  readonly onProgress?: PutOptions['onProgress']
}

/**
 * Makes a package of an ELF, of a script for Node.js, or of a directory (with `entry`), whichever `source` is, and stores it. The same
 * files give the same digest, whatever they are called, whenever they were made.
 *
 * @example
 * const { digest } = await buildProgram('./build/prover', new DirectoryStore('./content'), {
 *   role: 'prove', resources: { cores: 1, memoryMiB: 256, outputMiB: 1 },
 * })
 *
 * @throws GevulotError CONTENT_FILE_INVALID, CONTENT_ELF_INVALID, CONTENT_LIBRARY_MISSING, CONTENT_MANIFEST_INVALID, CONTENT_DISK_FULL
 */
export async function buildProgram(
  source: string,
  store: ContentStore,
  options: BuildProgramOptions,
): Promise<BuiltPackage> {
  const { name, entry, node, args, files, libraries, signal, onFile, onProgress, ...spec } = options
  const common = {
    ...(args && { args }),
    ...(files && { files }),
    ...(libraries && { libraries }),
    ...(node && { node }),
  }
  const info = await stat(source).catch((cause: unknown) => {
    throw contentError('CONTENT_FILE_INVALID', `${source} cannot be read`, { cause })
  })
  const program = await programOf(source, info.isDirectory(), entry, common)
  return buildPackage({ ...spec, ...program, name: name ?? `${nameOf(source)}-${spec.role}` }, store, {
    ...(signal && { signal }),
    ...(onFile && { onFile }),
    ...(onProgress && { onProgress }),
  })
}

function programOf(
  source: string,
  isDirectory: boolean,
  entry: string | undefined,
  common: Pick<BuildProgramOptions, 'args' | 'files' | 'libraries' | 'node'>,
): Promise<ProgramFiles> {
  if (isDirectory) {
    if (entry !== undefined) return directoryProgram(source, entry, common)
    throw contentError(
      'CONTENT_FILE_INVALID',
      `${source} is a directory: say with entry which of its files is the program`,
    )
  }
  if (entry !== undefined) throw contentError('CONTENT_FILE_INVALID', `${source} is a file: entry is for directories`)
  return isNodeScript(source) ? nodeProgram(source, common) : elfProgram(source, common)
}

/** A name that a manifest may have. */
function nameOf(source: string): string {
  const name = basename(resolve(source))
  const plain = name
    .slice(0, name.length - extname(name).length)
    .replace(/[^A-Za-z0-9._ -]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
  return plain === '' ? 'program' : plain.slice(0, 100)
}
