import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { contentError } from '../../errors/codes/content.js'
import { readElf, type ElfHeaders } from './readElf.js'
import { systemLibraries, type SystemLibraries } from './systemLibraries.js'

/** The loader and the libraries of programs, by the name that programs call them. Paths on this machine, links followed. */
export interface FoundLibraries {
  readonly loader: { readonly name: string; readonly path: string } | undefined
  readonly libraries: ReadonlyMap<string, string>
}

/** An ELF with the one that wanted it: directories that a program names count for its libraries too. */
interface Wanter {
  readonly path: string
  readonly elf: ElfHeaders
  readonly by: Wanter | undefined
}

const MAX_LIBRARIES = 1024
// musl's loader is its C library as well, under these names.
const MUSL_LOADER = /^ld-musl-/
const MUSL_LIBC = /^libc\.(so|musl-x86_64\.so\.1)$/

/**
 * Finds what the loader would load for the ELFs at `paths`, in the order in which it looks: directories named in the files, its cache,
 * its directories. Nothing is run. What is found must be a library: a file that names `/root/.ssh` as its directory and `id_rsa` as
 * its library gets nothing.
 * @param inside Looks first for libraries here, by name: those that a package brings itself.
 * @throws GevulotError CONTENT_LIBRARY_MISSING, CONTENT_ELF_INVALID, CONTENT_FILE_INVALID
 */
export async function findLibraries(
  paths: readonly string[],
  inside: ReadonlyMap<string, string> = new Map(),
  system?: SystemLibraries,
): Promise<FoundLibraries> {
  const known = system ?? (await systemLibraries())
  const libraries = new Map<string, string>()
  const pending: Wanter[] = []
  let loader: FoundLibraries['loader']
  for (const path of paths) {
    const elf = await readElf(path)
    if (elf === undefined) throw contentError('CONTENT_FILE_INVALID', `${path} is not an x86-64 ELF`)
    if (elf.interpreter !== undefined) {
      const found = { name: basename(elf.interpreter), path: await loaderAt(elf.interpreter, path) }
      if (loader !== undefined && loader.path !== found.path)
        throw contentError(
          'CONTENT_FILE_INVALID',
          `${path} wants the loader ${found.path}, another program of the package ${loader.path}`,
        )
      loader = found
    }
    pending.push({ path: await realpath(path), elf, by: undefined })
  }
  for (let wanter = pending.shift(); wanter !== undefined; wanter = pending.shift()) {
    for (const name of wanter.elf.needed) {
      if (libraries.has(name) || name === loader?.name) continue
      if (loader !== undefined && MUSL_LOADER.test(loader.name) && MUSL_LIBC.test(name)) continue
      const found = await locate(name, wanter, inside, known)
      if (libraries.size >= MAX_LIBRARIES)
        throw contentError('CONTENT_ELF_INVALID', `${paths.join(', ')} needs more than ${MAX_LIBRARIES} libraries`)
      libraries.set(name, found.path)
      pending.push({ ...found, by: wanter })
    }
  }
  return { loader, libraries }
}

async function loaderAt(interpreter: string, program: string): Promise<string> {
  const elf = await libraryAt(interpreter)
  if (elf === undefined)
    throw contentError(
      'CONTENT_LIBRARY_MISSING',
      `${program} wants the loader ${interpreter}, which is not on this machine`,
      {
        details: { program, library: interpreter },
      },
    )
  return elf.path
}

async function locate(
  name: string,
  wanter: Wanter,
  inside: ReadonlyMap<string, string>,
  system: SystemLibraries,
): Promise<{ readonly path: string; readonly elf: ElfHeaders }> {
  const own = inside.get(name)
  const candidates = [
    ...(own === undefined ? [] : [own]),
    ...namedDirectories(wanter).map((directory) => join(directory, name)),
    ...(system.cached.get(name) ?? []),
    ...system.directories.map((directory) => join(directory, name)),
  ]
  for (const candidate of candidates) {
    const found = await libraryAt(candidate)
    if (found !== undefined) return found
  }
  throw contentError(
    'CONTENT_LIBRARY_MISSING',
    `${wanter.path} needs the library ${name}, which is not on this machine`,
    {
      details: { program: wanter.path, library: name },
    },
  )
}

/** RPATH of the file and of all that wanted it, unless it has RUNPATH, which counts for the file alone. */
function namedDirectories(wanter: Wanter): string[] {
  const { runpath } = wanter.elf
  const named: string[] = runpath.map((entry) => expand(entry, wanter.path))
  for (let at: Wanter | undefined = wanter; at !== undefined && runpath.length === 0; at = at.by) {
    const { elf, path } = at
    if (elf.runpath.length === 0) named.push(...elf.rpath.map((entry) => expand(entry, path)))
  }
  return named.filter((entry) => entry.startsWith('/'))
}

function expand(entry: string, path: string): string {
  return entry
    .replace(/\$(?:ORIGIN\b|\{ORIGIN\})/g, () => dirname(path))
    .replace(/\$(?:LIB\b|\{LIB\})/g, 'lib/x86_64-linux-gnu')
    .replace(/\$(?:PLATFORM\b|\{PLATFORM\})/g, 'x86_64')
}

/** A library at that place; undefined if there is none, or something else. */
async function libraryAt(path: string): Promise<{ readonly path: string; readonly elf: ElfHeaders } | undefined> {
  const info = await stat(path).catch(() => undefined)
  if (info?.isFile() !== true) return undefined
  const real = await realpath(path)
  const elf = await readElf(real)
  return elf?.kind === 'relocatable' ? { path: real, elf } : undefined
}
