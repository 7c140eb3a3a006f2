import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { contentSize, PAGE, placeFile, type ImageFile, type PlacedFile } from '../imageFile.js'
import { encodeTuple, encodeVarint } from './encode.js'
import {
  FIRST_LOG_SECTORS,
  LABEL_BYTES,
  LOG_SECTORS,
  MAGIC,
  RECORD,
  SECTOR,
  UUID_BYTES,
  VERSION,
  type TfsTuple,
} from './format.js'

/** What a volume holds. */
export interface TfsContent {
  readonly files: readonly ImageFile[]
  /** Empty directories, places to mount at. */
  readonly directories?: readonly string[]
  /** Symbolic links: where, and what to. */
  readonly links?: Readonly<Record<string, string>>
  /** Further attributes of the root. */
  readonly attributes?: TfsTuple
}

/** How a volume is laid out. */
export interface TfsLayout {
  /** Where on the disk the volume begins, bytes; default 0. */
  readonly offset?: number
  /** The volume's size if it has to be writable; without it the volume ends with its content. */
  readonly totalSectors?: number
  /** What a writable volume has beyond its content instead. */
  readonly spareSectors?: number
}

/** A written volume. */
export interface WrittenTfs {
  /** Its size. */
  readonly sectors: number
  readonly files: readonly PlacedFile[]
}

const PAGE_SECTORS = PAGE / SECTOR
const MAX_VARINT = 10
const RECORD_BYTES = 1 + 2 * MAX_VARINT
const LINK_BYTES = 2 + 2 * MAX_VARINT

/**
 * Writes a volume: a header and a link, the files one after another, and behind them the log with the tree. The same
 * content gives the same bytes.
 */
export async function writeTfs(
  image: FileHandle,
  label: string,
  content: TfsContent,
  { offset = 0, totalSectors, spareSectors }: TfsLayout = {},
): Promise<WrittenTfs> {
  if (!/^[\w-]+$/.test(label) || label.length >= LABEL_BYTES) throw new TypeError(`no label: ${label}`)
  let next = PAGE_SECTORS
  const root: TfsTuple = new Map([...(content.attributes ?? [])])
  const children: TfsTuple = new Map()
  root.set('children', children)
  for (const path of content.directories ?? []) insert(children, path, new Map([['children', new Map()]]))
  for (const [path, target] of Object.entries(content.links ?? {})) {
    insert(children, path, new Map([['linktarget', latin1(target)]]))
  }
  const files: PlacedFile[] = []
  for (const file of content.files) {
    const size = contentSize(file)
    const sectors = Math.ceil(size / SECTOR)
    const allocated = Math.ceil(sectors / PAGE_SECTORS) * PAGE_SECTORS
    insert(children, file.path, fileTuple(size, next, sectors, allocated))
    files.push(await placeFile(image, offset + next * SECTOR, file))
    next += allocated
  }
  const log = logExtensions(encodeTuple(root), next, (totalSectors ?? spareSectors) !== undefined)
  const uuid = createHash('sha256').update(label).digest().subarray(0, UUID_BYTES)
  const first = [header(FIRST_LOG_SECTORS), uuid, Buffer.from(`${label}\0`, 'latin1'), link(next, log.firstSectors)]
  await image.write(Buffer.concat(first), 0, undefined, offset)
  await image.write(log.bytes, 0, undefined, offset + next * SECTOR)
  const used = next + log.sectors
  if (totalSectors !== undefined && used > totalSectors) throw new TypeError(`no room for ${used} sectors`)
  const total = totalSectors ?? used + (spareSectors ?? 0)
  await image.truncate(offset + total * SECTOR)
  return { sectors: total, files }
}

/** A file in one piece. */
function fileTuple(size: number, at: number, sectors: number, allocated: number): TfsTuple {
  const extent: TfsTuple = new Map([
    ['offset', BigInt(at)],
    ['length', BigInt(sectors)],
    ['allocated', BigInt(allocated)],
  ])
  return new Map<string, TfsTuple | bigint>([
    ['filelength', BigInt(size)],
    ['extents', sectors === 0 ? new Map() : new Map([['0', extent]])],
  ])
}

function insert(children: TfsTuple, path: string, node: TfsTuple): void {
  const parts = path.split('/').map(latin1)
  const name = parts.pop() ?? ''
  let at = children
  for (const part of parts) {
    let directory = at.get(part)
    if (directory === undefined) {
      directory = new Map([['children', new Map()]])
      at.set(part, directory)
    }
    const below = directory instanceof Map ? directory.get('children') : undefined
    if (!(below instanceof Map)) throw new TypeError(`${path} lies below a file`)
    at = below
  }
  if (at.has(name)) throw new TypeError(`${path} is there twice`)
  at.set(name, node)
}

/** The log's further extensions, laid one after another from sector `at` on; a long tuple is cut into instalments. */
function logExtensions(
  tuple: Buffer,
  at: number,
  writable: boolean,
): { bytes: Buffer; sectors: number; firstSectors: number } {
  const overhead = header(LOG_SECTORS).length + RECORD_BYTES + LINK_BYTES
  const room = LOG_SECTORS * SECTOR - overhead
  const contents = Array.from({ length: Math.ceil(tuple.length / room) }, (_, index) => {
    const piece = tuple.subarray(index * room, (index + 1) * room)
    const lengths = index === 0 ? [tuple.length, piece.length] : [piece.length]
    const kind = index === 0 ? RECORD.tuple : RECORD.continuation
    return Buffer.concat([Buffer.from([kind]), ...lengths.map(encodeVarint), piece])
  })
  // The guest goes on writing in a writable volume's last extension; elsewhere an extension needs no more room.
  const sizes = contents.map(({ length }) => (writable ? LOG_SECTORS : Math.ceil((length + overhead) / SECTOR)))
  let sectors = 0
  const extensions = contents.map((content, index) => {
    const size = sizes[index] ?? 0
    const nextSize = sizes[index + 1]
    sectors += size
    const end = nextSize === undefined ? Buffer.from([RECORD.end]) : link(at + sectors, nextSize)
    const bytes = Buffer.concat([header(size), content, end])
    return Buffer.concat([bytes, Buffer.alloc(size * SECTOR - bytes.length)])
  })
  return { bytes: Buffer.concat(extensions), sectors, firstSectors: sizes[0] ?? 0 }
}

function header(sectors: number): Buffer {
  return Buffer.concat([MAGIC, encodeVarint(VERSION), encodeVarint(sectors)])
}

/** A link closes an extension; the byte of an end behind it is what the kernel writes too. */
function link(sector: number, sectors: number): Buffer {
  return Buffer.concat([
    Buffer.from([RECORD.link]),
    encodeVarint(sector),
    encodeVarint(sectors),
    Buffer.from([RECORD.end]),
  ])
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}
