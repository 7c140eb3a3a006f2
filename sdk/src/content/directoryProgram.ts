import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { contentError } from '../errors/codes/content.js'
import type { SourceFile } from './buildPackage.js'
import { findLibraries } from './elf/findLibraries.js'
import { isX64Elf } from './elf/isX64Elf.js'
import { LIBRARY_DIRECTORY, libraryFiles, startOf, type ProgramFiles } from './elfProgram.js'
import { isNodeScript } from './nodeProgram.js'
import { packDirectory } from './packDirectory.js'

/** Options of {@link directoryProgram}. */
export interface DirectoryProgramOptions {
  /** Arguments behind the program, or behind the script. */
  readonly args?: readonly string[]
  /** The Node.js to pack where `entry` is a script; default the one that runs this. */
  readonly node?: string
  /** Further files of the package. */
  readonly files?: readonly SourceFile[]
  /** Further libraries, paths on this machine. */
  readonly libraries?: readonly string[]
}

/**
 * A directory as it is, below `/app`, with what its native files need and it does not hold: loader and libraries, and Node.js where
 * `entry` is a script. Links inside the directory are packed as what they point to.
 * @param entry The program, or the script: a path inside the directory.
 * @throws GevulotError CONTENT_FILE_INVALID, CONTENT_ELF_INVALID, CONTENT_LIBRARY_MISSING
 */
export async function directoryProgram(
  directory: string,
  entry: string,
  options: DirectoryProgramOptions = {},
): Promise<ProgramFiles> {
  const files = [...(await packDirectory(directory)), ...(options.files ?? [])]
  const script = isNodeScript(entry)
  if (!files.some(({ path }) => path === entry)) {
    throw contentError('CONTENT_FILE_INVALID', `${directory} holds no file ${JSON.stringify(entry)}`)
  }
  if (script) files.push({ path: 'bin/node', source: options.node ?? process.execPath, executable: true })
  const program = script ? 'bin/node' : entry
  const natives = await nativeFiles(files)
  const start = natives.find(({ path }) => path === program)
  if (start === undefined)
    throw contentError(
      'CONTENT_FILE_INVALID',
      `${join(directory, entry)} is neither an x86-64 ELF nor a script for Node.js`,
    )

  const inside = new Map(natives.map(({ path, source }) => [basename(path), source]))
  const paths = [...natives.map(({ source }) => source), ...(options.libraries ?? [])]
  const found = await findLibraries(paths, inside)
  const held = new Set(natives.map(({ source }) => source))
  const extra = [
    ...libraryFiles(found).filter(({ source }) => !held.has(source as string)),
    ...(options.libraries ?? []).map((source) => ({ path: `${LIBRARY_DIRECTORY}/${basename(source)}`, source })),
  ]
  const places = natives
    .filter(({ source, path }) => isUsed(source, found.libraries, path))
    .map(({ path }) => dirname(path))
  return {
    argv: [
      ...startOf(program, found.loader, [...new Set([LIBRARY_DIRECTORY, ...places.sort()])]),
      ...(script ? [`/app/${entry}`] : []),
      ...(options.args ?? []),
    ],
    files: [...withoutTaken(files, extra), ...extra].map((file) =>
      file.path === program ? { ...file, executable: true } : file,
    ),
  }
}

/** Whether a file of the directory is linked by another one, so that its directory must be looked in. */
function isUsed(source: string, libraries: ReadonlyMap<string, string>, path: string): boolean {
  return libraries.get(basename(path)) === source && dirname(path) !== '.'
}

/** A file that the directory has itself stays; one that a library would replace is a contradiction. */
function withoutTaken(files: readonly SourceFile[], extra: readonly SourceFile[]): readonly SourceFile[] {
  const clash = files.find(({ path }) => extra.some((file) => file.path === path))
  if (clash === undefined) return files
  throw contentError(
    'CONTENT_FILE_INVALID',
    `${clash.path} is both a file of the directory and a library that its programs need`,
  )
}

async function nativeFiles(
  files: readonly SourceFile[],
): Promise<{ readonly path: string; readonly source: string }[]> {
  const natives: { path: string; source: string }[] = []
  for (const { path, source } of files) {
    if (typeof source === 'string' && (await isX64Elf(source))) natives.push({ path, source: await realpath(source) })
  }
  return natives
}
