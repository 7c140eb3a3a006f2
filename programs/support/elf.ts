import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import type { SourceFile } from '../../sdk/src/content/index.js'

const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3
const DT_NULL = 0n
const DT_NEEDED = 1n
const DT_STRTAB = 5n

const LIBRARY_DIRECTORIES = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
]

/** What a dynamic ELF says it needs. */
export interface ElfNeeds {
  /** Path of its loader on an ordinary system; absent in a static program and in most libraries. */
  readonly interpreter?: string
  /** Names of the libraries it links, without a path. */
  readonly libraries: readonly string[]
}

/**
 * Reads the needs of an x86-64 ELF from its headers. The usual way, `ldd`, runs the program; a package builder must never run what
 * it packs.
 */
export function elfNeeds(path: string): ElfNeeds {
  const elf = readFileSync(path)
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1 || elf.readUInt16LE(18) !== 62) {
    throw new Error(`${path} is not an x86-64 ELF`)
  }
  const segments = programHeaders(elf)
  const interp = segments.find(({ type }) => type === PT_INTERP)
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC)
  return {
    ...(interp && { interpreter: text(elf, interp.offset) }),
    libraries: dynamic === undefined ? [] : neededLibraries(elf, dynamic, segments),
  }
}

/**
 * The loader and every library a dynamic ELF needs, as files of a package (below `lib/`). They come from the machine that builds the
 * package, so the machine that runs it needs none.
 */
export function runtimeLibraries(path: string): SourceFile[] {
  const { interpreter } = elfNeeds(path)
  if (interpreter === undefined) return []
  const found = new Map([[basename(interpreter), realpathSync(interpreter)]])
  const pending = [path]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const name of elfNeeds(next).libraries) {
      if (found.has(name)) continue
      const library = locate(name)
      found.set(name, library)
      pending.push(library)
    }
  }
  return [...found].map(([name, source]) => ({
    path: `lib/${name}`,
    source,
    executable: name === basename(interpreter),
  }))
}

/** The start of `argv` that runs `/app/<program>` with the packaged loader and libraries only. */
export function withPackagedLoader(program: string, libraries: readonly SourceFile[]): string[] {
  const loader = libraries.find(({ executable }) => executable === true)
  if (loader === undefined) return [`/app/${program}`]
  return [`/app/${loader.path}`, '--library-path', `/app/${dirname(loader.path)}`, `/app/${program}`]
}

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: bigint
  readonly size: number
}

function programHeaders(elf: Buffer): Segment[] {
  const start = Number(elf.readBigUInt64LE(32))
  const size = elf.readUInt16LE(54)
  return Array.from({ length: elf.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size
    return {
      type: elf.readUInt32LE(at),
      offset: Number(elf.readBigUInt64LE(at + 8)),
      address: elf.readBigUInt64LE(at + 16),
      size: Number(elf.readBigUInt64LE(at + 32)),
    }
  })
}

function neededLibraries(elf: Buffer, dynamic: Segment, segments: readonly Segment[]): string[] {
  const names: bigint[] = []
  let strings: number | undefined
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = elf.readBigUInt64LE(at)
    const value = elf.readBigUInt64LE(at + 8)
    if (tag === DT_NULL) break
    if (tag === DT_NEEDED) names.push(value)
    // The string table is given by its address in memory; the loadable segment that holds it says where it lies in the file.
    if (tag === DT_STRTAB) {
      const holder = segments.find(
        (s) => s.type === PT_LOAD && value >= s.address && value < s.address + BigInt(s.size),
      )
      if (holder !== undefined) strings = holder.offset + Number(value - holder.address)
    }
  }
  if (names.length > 0 && strings === undefined) throw new Error('the ELF has no string table for its libraries')
  return names.map((offset) => text(elf, (strings ?? 0) + Number(offset)))
}

function text(elf: Buffer, at: number): string {
  return elf.toString('latin1', at, elf.indexOf(0, at))
}

function locate(name: string): string {
  for (const directory of LIBRARY_DIRECTORIES) {
    const path = join(directory, name)
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return realpathSync(path)
  }
  throw new Error(`the library ${name} is not installed on this machine`)
}
