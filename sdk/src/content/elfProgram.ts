import { basename } from 'node:path'
import { contentError } from '../errors/codes/content.js'
import type { SourceFile } from './buildPackage.js'
import { findLibraries, type FoundLibraries } from './elf/findLibraries.js'
import { readElf } from './elf/readElf.js'

/** What runs, and the files it needs: the part of a `PackageSpec` that follows from a program. */
export interface ProgramFiles {
  readonly argv: readonly string[]
  readonly files: readonly SourceFile[]
}

/** Options of {@link elfProgram}. */
export interface ElfProgramOptions {
  /** Arguments behind the program's name. */
  readonly args?: readonly string[]
  /** Further files of the package. */
  readonly files?: readonly SourceFile[]
  /** Further libraries, paths on this machine: those that the program opens by itself while it runs. */
  readonly libraries?: readonly string[]
}

/** Where loader and libraries lie in a package. */
export const LIBRARY_DIRECTORY = 'lib'

/**
 * A native program as `bin/<name>`, a dynamic one with its loader and its libraries: those of this machine, so that the machine that runs
 * the package needs none. They are found by reading headers; the program is never run.
 *
 * @example
 * await buildPackage({ name: 'my-prover', role: 'prove', resources, ...(await elfProgram('./build/prover')) }, store)
 *
 * @throws GevulotError CONTENT_FILE_INVALID, CONTENT_ELF_INVALID, CONTENT_LIBRARY_MISSING
 */
export async function elfProgram(path: string, options: ElfProgramOptions = {}): Promise<ProgramFiles> {
  const elf = await readElf(path)
  if (elf === undefined) throw contentError('CONTENT_FILE_INVALID', `${path} is not an x86-64 ELF program`)
  if (elf.interpreter === undefined && elf.needed.length > 0)
    throw contentError('CONTENT_FILE_INVALID', `${path} is a library, not a program: it names no loader`)
  const found = await findLibraries([path, ...(options.libraries ?? [])])
  const program = `bin/${basename(path)}`
  const opened = (options.libraries ?? []).map((source) => libraryFile(basename(source), source))
  return {
    argv: [...startOf(program, found.loader, [LIBRARY_DIRECTORY]), ...(options.args ?? [])],
    files: [
      ...libraryFiles(found).filter(({ path: taken }) => !opened.some((file) => file.path === taken)),
      ...opened,
      { path: program, source: path, executable: true },
      ...(options.files ?? []),
    ],
  }
}

/** The loader and the libraries as files of a package. */
export function libraryFiles({ loader, libraries }: FoundLibraries): SourceFile[] {
  return [
    ...(loader === undefined ? [] : [{ ...libraryFile(loader.name, loader.path), executable: true }]),
    ...[...libraries].map(([name, source]) => libraryFile(name, source)),
  ]
}

/** The start of `argv` for a program of a package; a dynamic one is started by the packaged loader. */
export function startOf(program: string, loader: FoundLibraries['loader'], directories: readonly string[]): string[] {
  if (loader === undefined) return [`/app/${program}`]
  const path = directories.map((directory) => `/app/${directory}`).join(':')
  return [`/app/${LIBRARY_DIRECTORY}/${loader.name}`, '--library-path', path, `/app/${program}`]
}

function libraryFile(name: string, source: string): SourceFile {
  return { path: `${LIBRARY_DIRECTORY}/${name}`, source }
}
