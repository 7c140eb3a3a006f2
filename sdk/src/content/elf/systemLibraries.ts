import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Where this machine keeps its libraries. */
export interface SystemLibraries {
  /** Paths by name, as the loader's cache has them; the first one counts. */
  readonly cached: ReadonlyMap<string, readonly string[]>
  /** Directories to look in for what the cache does not have. */
  readonly directories: readonly string[]
}

const MAX_CACHE_BYTES = 32 * 2 ** 20
const MAX_CONF_BYTES = 2 ** 20
const MAX_CONF_DEPTH = 8
const OLD_MAGIC = 'ld.so-1.7.0'
const OLD_HEADER_BYTES = 16
const OLD_ENTRY_BYTES = 12
const MAGIC = 'glibc-ld.so.cache1.1'
const HEADER_BYTES = 48
const ENTRY_BYTES = 24
// A library of the GNU C library for x86-64.
const FLAGS_X86_64 = 0x0303

/** The directories that every loader looks in, Debian's, Fedora's and musl's. */
const DEFAULT_DIRECTORIES = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
  '/usr/local/lib',
]

/**
 * Reads where the libraries of this machine are, from the files that its loader reads: `ld.so.cache`, `ld.so.conf`.
 * @param root Directory that stands for `/`; another one than that only for files of other machines.
 */
export async function systemLibraries(root = '/'): Promise<SystemLibraries> {
  const cache = await readCapped(join(root, 'etc/ld.so.cache'), MAX_CACHE_BYTES)
  const configured = await confDirectories(root, '/etc/ld.so.conf', 0)
  const under = (path: string): string => join(root, path)
  return {
    cached: new Map([...parseLdCache(cache)].map(([name, paths]) => [name, paths.map(under)])),
    directories: [...new Set([...configured, ...DEFAULT_DIRECTORIES])].map(under),
  }
}

/**
 * The x86-64 libraries of an `ld.so.cache`. Variants for newer processors are left out: a package runs on other machines. A damaged
 * cache has no libraries; the directories are looked in then.
 */
export function parseLdCache(bytes: Buffer): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const start = startOfCache(bytes)
  if (start === undefined) return found
  const count = bytes.readUInt32LE(start + MAGIC.length)
  if (count > (bytes.length - start - HEADER_BYTES) / ENTRY_BYTES) return found
  for (let index = 0; index < count; index++) {
    const at = start + HEADER_BYTES + index * ENTRY_BYTES
    const hardware = bytes.readBigUInt64LE(at + 16)
    if (bytes.readUInt32LE(at) !== FLAGS_X86_64 || hardware !== 0n) continue
    const [name, path] = [bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8)].map((offset) =>
      textAt(bytes, start + offset),
    )
    if (name === undefined || path === undefined || !path.startsWith('/')) continue
    found.set(name, [...(found.get(name) ?? []), path])
  }
  return found
}

/** The format of today may stand alone or behind one of long ago, at the next multiple of eight. */
function startOfCache(bytes: Buffer): number | undefined {
  let start = 0
  if (bytes.length >= OLD_HEADER_BYTES && bytes.toString('latin1', 0, OLD_MAGIC.length) === OLD_MAGIC) {
    start = Math.ceil((OLD_HEADER_BYTES + bytes.readUInt32LE(12) * OLD_ENTRY_BYTES) / 8) * 8
  }
  const whole = start + HEADER_BYTES <= bytes.length
  return whole && bytes.toString('latin1', start, start + MAGIC.length) === MAGIC ? start : undefined
}

function textAt(bytes: Buffer, at: number): string | undefined {
  const end = at < bytes.length ? bytes.indexOf(0, at) : -1
  return end < 0 || end - at > 4096 ? undefined : bytes.toString('utf8', at, end)
}

/** The directories of a configuration of the loader, with what it includes. */
async function confDirectories(root: string, path: string, depth: number): Promise<string[]> {
  if (depth > MAX_CONF_DEPTH) return []
  const text = (await readCapped(join(root, path), MAX_CONF_BYTES)).toString('utf8')
  const directories: string[] = []
  for (const line of text.split('\n').map((raw) => raw.replace(/#.*/, '').trim())) {
    const [, pattern] = /^include\s+(.+)$/.exec(line) ?? []
    if (pattern !== undefined) {
      const full = pattern.startsWith('/') ? pattern : join(dirname(path), pattern)
      for (const included of await matches(root, full))
        directories.push(...(await confDirectories(root, included, depth + 1)))
    } else if (line.startsWith('/')) directories.push(line.replace(/\s*=.*/, ''))
  }
  return directories
}

/** Files that a pattern names; stars stand in the last part only, as they do in practice. */
async function matches(root: string, pattern: string): Promise<string[]> {
  const name = new RegExp(
    `^${basename(pattern)
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '.*')
      .replace(/\?/g, '.')}$`,
  )
  const entries = await readdir(join(root, dirname(pattern))).catch(() => [])
  return entries
    .filter((entry) => name.test(entry))
    .sort()
    .map((entry) => join(dirname(pattern), entry))
}

/** The content of a file, nothing if it is not there or too large to be what it should be. */
async function readCapped(path: string, maxBytes: number): Promise<Buffer> {
  const info = await stat(path).catch(() => undefined)
  if (info?.isFile() !== true || info.size > maxBytes) return Buffer.alloc(0)
  return readFile(path).catch(() => Buffer.alloc(0))
}
