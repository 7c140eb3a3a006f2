import { open, type FileHandle } from 'node:fs/promises'
import type { GuestEntry, GuestOutput } from '../../GuestOutput.js'
import { ByteReader, damaged, small } from './ByteReader.js'
import { TupleLog } from './decode.js'
import { FIRST_LOG_SECTORS, LABEL_BYTES, MAGIC, RECORD, SECTOR, UUID_BYTES, VERSION, type TfsTuple } from './format.js'

// A log of 10,000 files has some megabytes; the kernel compacts one that grows beyond twice its worth.
const MAX_LOG_BYTES = 32 * 2 ** 20
const MAX_EXTENSIONS = 4096
const MAX_EXTENTS = 65_536
const CHUNK = 1 << 18

/** A piece of a file, in sectors. */
interface Extent {
  readonly fileSector: number
  readonly sector: number
  readonly sectors: number
  /** Set for sectors that were taken but never written; they read as zeros. */
  readonly blank: boolean
}

/** What a volume has taken up, and what its root says beside its files. */
export interface TfsFacts {
  readonly sectors: number
  readonly usedSectors: number
  readonly root: TfsTuple
}

/**
 * A volume that a guest wrote, read without trust. The reader follows the log once, within fixed bounds of bytes,
 * extensions, entries and depth; then it looks names up and never walks what the guest may have made a circle of without
 * remembering where it was. Whatever is wrong is one error, RUNTIME_IMAGE_INVALID.
 */
export class TfsVolume implements GuestOutput {
  readonly full: boolean
  /** What the root says, its files among it. */
  readonly root: TfsTuple
  readonly #disk: FileHandle
  readonly #diskSectors: number
  readonly #files: TfsTuple

  private constructor(disk: FileHandle, { sectors, root }: TfsFacts, files: TfsTuple, full: boolean) {
    this.#disk = disk
    this.#diskSectors = sectors
    this.root = root
    this.#files = files
    this.full = full
  }

  /**
   * Reads a volume's log. Close it afterwards.
   * @param isFull Tells whether a program found no room.
   * @throws GevulotError RUNTIME_IMAGE_INVALID
   */
  static async open(path: string, label: string, isFull: (facts: TfsFacts) => boolean): Promise<TfsVolume> {
    const disk = await open(path, 'r')
    try {
      const sectors = Math.floor((await disk.stat()).size / SECTOR)
      const { log, logSectors } = await readLog(disk, sectors, label)
      const files = log.root.get('children')
      if (!(files instanceof Map)) throw damaged('its root is no directory')
      const facts = { sectors, usedSectors: logSectors + usedSectors(log.root, sectors), root: log.root }
      return new TfsVolume(disk, facts, files, isFull(facts))
    } catch (error) {
      await disk.close()
      throw error
    }
  }

  async stat(name: string): Promise<GuestEntry | undefined> {
    const node = this.#files.get(name)
    if (node === undefined) return undefined
    const size = node instanceof Map ? fileSize(node) : undefined
    return size === undefined ? { kind: 'other' } : { kind: 'file', size }
  }

  async *read(name: string, maxBytes: number): AsyncGenerator<Uint8Array> {
    const node = this.#files.get(name)
    const size = node instanceof Map ? fileSize(node) : undefined
    if (!(node instanceof Map) || size === undefined) throw damaged(`${JSON.stringify(name)} is no file`)
    const end = Math.min(size, maxBytes)
    let done = 0
    for (const extent of extentsOf(node, this.#diskSectors)) {
      if (extent.fileSector * SECTOR < done) throw damaged('two pieces of a file overlap')
      yield* this.#zeros(Math.min(extent.fileSector * SECTOR, end) - done)
      done = Math.min(extent.fileSector * SECTOR, end)
      const until = Math.min((extent.fileSector + extent.sectors) * SECTOR, end)
      yield* extent.blank ? this.#zeros(until - done) : this.#bytes(extent.sector * SECTOR, until - done)
      done = Math.max(done, until)
    }
    yield* this.#zeros(end - done)
  }

  /** Gives the file back. */
  async close(): Promise<void> {
    await this.#disk.close()
  }

  *#zeros(length: number): Generator<Uint8Array> {
    for (let rest = length; rest > 0; rest -= CHUNK) yield Buffer.alloc(Math.min(rest, CHUNK))
  }

  async *#bytes(offset: number, length: number): AsyncGenerator<Uint8Array> {
    for (let done = 0; done < length;) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, length - done))
      const { bytesRead } = await this.#disk.read(buffer, 0, buffer.length, offset + done)
      if (bytesRead === 0) throw damaged('it became shorter')
      done += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }
}

/** Follows the log from extension to extension. */
async function readLog(
  disk: FileHandle,
  sectors: number,
  label: string,
): Promise<{ log: TupleLog; logSectors: number }> {
  const log = new TupleLog()
  const visited = new Set<number>()
  let at = 0
  let length = FIRST_LOG_SECTORS
  let logSectors = 0
  const tuples = new Instalments(log)
  for (;;) {
    logSectors += length
    if (visited.has(at) || visited.size >= MAX_EXTENSIONS) throw damaged('its log runs in a circle')
    if (length < 1 || at > sectors || length > sectors - at) throw damaged('its log leaves the disk')
    if (logSectors * SECTOR > MAX_LOG_BYTES) throw damaged('its log is too long')
    visited.add(at)
    const bytes = Buffer.alloc(length * SECTOR)
    const { bytesRead } = await disk.read(bytes, 0, bytes.length, at * SECTOR)
    if (bytesRead !== bytes.length) throw damaged('it became shorter')
    const reader = new ByteReader(bytes)
    readHeader(reader, at === 0 ? label : undefined)
    const next = readRecords(reader, tuples)
    if (next === undefined) return { log, logSectors }
    at = next.at
    length = next.length
  }
}

function readHeader(reader: ByteReader, label: string | undefined): void {
  if (!reader.take(MAGIC.length).equals(MAGIC)) throw damaged('a part of its log has no header')
  if (reader.varint() !== BigInt(VERSION)) throw damaged('it has another version')
  reader.varint()
  if (label === undefined) return
  reader.take(UUID_BYTES)
  let found = ''
  for (let byte = reader.byte(); byte !== 0; byte = reader.byte()) {
    found += String.fromCharCode(byte)
    if (found.length >= LABEL_BYTES) throw damaged('its label has no end')
  }
  if (found !== label) throw damaged('it is another volume')
}

/** The records of one extension; answers where the log goes on. */
function readRecords(reader: ByteReader, tuples: Instalments): { at: number; length: number } | undefined {
  for (;;) {
    switch (reader.byte()) {
      case RECORD.end:
        return undefined
      case RECORD.padding:
        break
      case RECORD.tuple: {
        const total = reader.count()
        tuples.begin(total, reader.take(reader.count()))
        break
      }
      case RECORD.continuation:
        tuples.add(reader.take(reader.count()))
        break
      case RECORD.link:
        return { at: reader.count(), length: reader.count() }
      default:
        throw damaged('its log has an unknown record')
    }
  }
}

/** Puts a tuple together that was cut at the end of an extension. */
class Instalments {
  readonly #log: TupleLog
  #pieces: Buffer[] = []
  #missing = 0

  constructor(log: TupleLog) {
    this.#log = log
  }

  begin(total: number, piece: Buffer): void {
    if (this.#missing > 0) throw damaged('a record is cut off')
    if (total === 0 || total > MAX_LOG_BYTES) throw damaged('a record has no sensible length')
    this.#missing = total
    this.add(piece)
  }

  add(piece: Buffer): void {
    if (piece.length === 0 || piece.length > this.#missing) throw damaged('a part of a record has a wrong length')
    this.#missing -= piece.length
    // The kernel cuts a record at the end of an extension and nowhere else.
    if (this.#pieces.push(piece) > MAX_EXTENSIONS) throw damaged('a record comes in too many instalments')
    if (this.#missing > 0) return
    const bytes = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#log.apply(bytes)
  }
}

/** A file's size; undefined if the tuple is no file. */
function fileSize(node: TfsTuple): number | undefined {
  if (node.has('children') || node.has('linktarget') || !(node.get('extents') instanceof Map)) return undefined
  return numberOf(node.get('filelength') ?? 0n)
}

/** A file's pieces in the order of the file, all of them on the disk. */
function extentsOf(node: TfsTuple, diskSectors: number): Extent[] {
  const tuple = node.get('extents')
  if (!(tuple instanceof Map)) return []
  if (tuple.size > MAX_EXTENTS) throw damaged('a file has too many pieces')
  const extents = [...tuple].map(([key, value]): Extent => {
    if (!(value instanceof Map)) throw damaged('a piece of a file is no tuple')
    const sector = numberOf(value.get('offset'))
    const sectors = numberOf(value.get('length'))
    if (sector > diskSectors || sectors > diskSectors - sector) throw damaged('a piece of a file leaves the disk')
    return { fileSector: numberOf(key), sector, sectors, blank: value.has('uninited') }
  })
  return extents.sort((a, b) => a.fileSector - b.fileSector)
}

/** Sectors that the files of a tree have taken; each file and directory counts once, however often it is linked. */
function usedSectors(root: TfsTuple, diskSectors: number): number {
  let used = 0
  const seen = new Set<TfsTuple>([root])
  const open = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const children = node.get('children')
    for (const child of children instanceof Map ? children.values() : []) {
      if (!(child instanceof Map) || seen.has(child)) continue
      seen.add(child)
      open.push(child)
    }
    const extents = node.get('extents')
    for (const extent of extents instanceof Map ? extents.values() : []) {
      if (extent instanceof Map) used += Math.min(numberOf(extent.get('allocated')), diskSectors)
    }
  }
  return used
}

/**
 * A number, which a guest writes as such or as decimal text.
 * @throws GevulotError RUNTIME_IMAGE_INVALID
 */
export function numberOf(value: unknown): number {
  if (typeof value === 'bigint' && value >= 0n) return small(value)
  if (typeof value === 'string' && /^\d{1,16}$/.test(value)) return small(BigInt(value))
  throw damaged('a number is none')
}
