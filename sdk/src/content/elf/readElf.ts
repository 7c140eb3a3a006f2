import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { contentError } from '../../errors/codes/content.js'

/** What the headers of an x86-64 ELF say. Everything in here was written by whoever made the file. */
export interface ElfHeaders {
  /** A program for a fixed address, or one for any address, which a library is too. */
  readonly kind: 'fixed' | 'relocatable'
  /** The loader that it wants, an absolute path; absent in static programs and in most libraries. */
  readonly interpreter?: string
  /** Names of the libraries that it links, plain file names. */
  readonly needed: readonly string[]
  /** Directories to look in, before those of the system; with `$ORIGIN` and the like as they stand. */
  readonly rpath: readonly string[]
  readonly runpath: readonly string[]
}

const HEADER_BYTES = 64
const PROGRAM_HEADER_BYTES = 56
const DYNAMIC_ENTRY_BYTES = 16
const MACHINE_X86_64 = 62
const TYPE = { 2: 'fixed', 3: 'relocatable' } as const
const SEGMENT = { load: 1, dynamic: 2, interpreter: 3 } as const
const TAG = { end: 0n, needed: 1n, strings: 5n, rpath: 15n, runpath: 29n } as const

// Real files stay far below: an interpreter of Node's size has 13 segments and 40 entries.
const MAX_SEGMENTS = 256
const MAX_DYNAMIC_ENTRIES = 4096
const MAX_NEEDED = 512
const MAX_TEXT = 4096

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: bigint
  readonly size: number
}

/**
 * Reads what an x86-64 ELF needs from its headers alone. The usual way, `ldd`, runs the program; nothing here does, and nothing
 * is believed: every offset is held against the size of the file, every count against a bound.
 * @returns undefined if the file is no x86-64 ELF program or library at all
 * @throws GevulotError CONTENT_ELF_INVALID if it begins as one and contradicts itself; CONTENT_FILE_INVALID if it is not a regular file
 */
export async function readElf(path: string): Promise<ElfHeaders | undefined> {
  // A pipe with a name would keep us waiting for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const info = await file.stat()
    if (!info.isFile()) throw contentError('CONTENT_FILE_INVALID', `${path} is not a regular file`)
    return await new ElfReader(path, file, info.size).headers()
  } finally {
    await file.close()
  }
}

class ElfReader {
  readonly #path: string
  readonly #file: FileHandle
  readonly #size: number

  constructor(path: string, file: FileHandle, size: number) {
    this.#path = path
    this.#file = file
    this.#size = size
  }

  async headers(): Promise<ElfHeaders | undefined> {
    if (this.#size < HEADER_BYTES) return undefined
    const header = await this.#read(0, HEADER_BYTES, 'its header')
    const type = header.readUInt16LE(16)
    if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return undefined
    if (header.readUInt16LE(18) !== MACHINE_X86_64 || !(type === 2 || type === 3)) return undefined
    const segments = await this.#segments(header)
    const interpreter = segments.find((segment) => segment.type === SEGMENT.interpreter)
    return {
      kind: TYPE[type],
      ...(interpreter && { interpreter: await this.#interpreter(interpreter) }),
      ...(await this.#dynamic(segments)),
    }
  }

  async #segments(header: Buffer): Promise<Segment[]> {
    const count = header.readUInt16LE(56)
    if (count > MAX_SEGMENTS) throw this.#broken(`it has ${count} segments`)
    if (count > 0 && header.readUInt16LE(54) !== PROGRAM_HEADER_BYTES)
      throw this.#broken('its segment headers have an odd size')
    const table = await this.#read(
      this.#offset(header.readBigUInt64LE(32)),
      count * PROGRAM_HEADER_BYTES,
      'its segment headers',
    )
    const segments = Array.from({ length: count }, (_, index): Segment => {
      const at = index * PROGRAM_HEADER_BYTES
      return {
        type: table.readUInt32LE(at),
        offset: this.#offset(table.readBigUInt64LE(at + 8)),
        address: table.readBigUInt64LE(at + 16),
        size: this.#offset(table.readBigUInt64LE(at + 32)),
      }
    })
    for (const { type, offset, size } of segments) {
      const matters = Object.values(SEGMENT).some((known) => known === type)
      if (matters && offset + size > this.#size) throw this.#broken('a segment ends behind the end of the file')
    }
    return segments
  }

  async #interpreter({ offset, size }: Segment): Promise<string> {
    if (size > MAX_TEXT) throw this.#broken('the name of its loader is too long')
    const path = textOf(await this.#read(offset, size, 'the name of its loader'))
    if (path === undefined || !path.startsWith('/')) throw this.#broken('the name of its loader is no path')
    return path
  }

  async #dynamic(segments: readonly Segment[]): Promise<Pick<ElfHeaders, 'needed' | 'rpath' | 'runpath'>> {
    const segment = segments.find(({ type }) => type === SEGMENT.dynamic)
    const entries = segment === undefined ? [] : await this.#entries(segment)
    const valuesOf = (tag: bigint): bigint[] => entries.filter((entry) => entry.tag === tag).map(({ value }) => value)
    const table = valuesOf(TAG.strings)[0]
    const strings = table === undefined ? undefined : this.#placeOf(table, segments)
    const texts = (tag: bigint): Promise<string[]> =>
      Promise.all(valuesOf(tag).map((offset) => this.#text(strings, offset)))
    if (valuesOf(TAG.needed).length > MAX_NEEDED) throw this.#broken(`it needs more than ${MAX_NEEDED} libraries`)
    const needed = await texts(TAG.needed)
    // A name with a slash would be a path of the machine that builds, or of the one that runs.
    const path = needed.find((name) => name.includes('/') || name === '.' || name === '..')
    if (path !== undefined) throw this.#broken(`it names a library by a path: ${JSON.stringify(path.slice(0, 200))}`)
    const directories = (lists: string[]): string[] =>
      lists.flatMap((list) => list.split(':')).filter((entry) => entry !== '')
    return { needed, rpath: directories(await texts(TAG.rpath)), runpath: directories(await texts(TAG.runpath)) }
  }

  async #entries({ offset, size }: Segment): Promise<{ readonly tag: bigint; readonly value: bigint }[]> {
    const count = Math.floor(size / DYNAMIC_ENTRY_BYTES)
    if (count > MAX_DYNAMIC_ENTRIES) throw this.#broken(`its dynamic section has ${count} entries`)
    const bytes = await this.#read(offset, count * DYNAMIC_ENTRY_BYTES, 'its dynamic section')
    const entries = Array.from({ length: count }, (_, index) => ({
      tag: bytes.readBigUInt64LE(index * DYNAMIC_ENTRY_BYTES),
      value: bytes.readBigUInt64LE(index * DYNAMIC_ENTRY_BYTES + 8),
    }))
    const end = entries.findIndex(({ tag }) => tag === TAG.end)
    return end < 0 ? entries : entries.slice(0, end)
  }

  /** Where in the file an address in memory lies. */
  #placeOf(address: bigint, segments: readonly Segment[]): number | undefined {
    const holder = segments.find(
      (segment) =>
        segment.type === SEGMENT.load && address >= segment.address && address < segment.address + BigInt(segment.size),
    )
    return holder === undefined ? undefined : holder.offset + Number(address - holder.address)
  }

  async #text(strings: number | undefined, offset: bigint): Promise<string> {
    if (strings === undefined) throw this.#broken('its table of names is not in the file')
    const at = strings + this.#offset(offset)
    const text =
      at < this.#size ? textOf(await this.#read(at, Math.min(MAX_TEXT, this.#size - at), 'a name')) : undefined
    if (text === undefined || text === '') throw this.#broken('a name in it is empty or has no end')
    return text
  }

  #offset(value: bigint): number {
    if (value > BigInt(this.#size)) throw this.#broken('it points behind the end of the file')
    return Number(value)
  }

  async #read(at: number, length: number, what: string): Promise<Buffer> {
    const bytes = Buffer.alloc(length)
    const { bytesRead } = at + length <= this.#size ? await this.#file.read(bytes, 0, length, at) : { bytesRead: -1 }
    if (bytesRead !== length) throw this.#broken(`${what} ends behind the end of the file`)
    return bytes
  }

  #broken(why: string): Error {
    return contentError('CONTENT_ELF_INVALID', `${this.#path} is a damaged ELF: ${why}`)
  }
}

/** Text up to its NUL; undefined without one. */
function textOf(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(0)
  return end < 0 ? undefined : bytes.toString('utf8', 0, end)
}
