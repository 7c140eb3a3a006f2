import { open, type FileHandle } from 'node:fs/promises'
import { runtimeError } from '../../errors/codes/runtime.js'
import type { GuestEntry, GuestOutput } from '../GuestOutput.js'

const SECTOR = 512
const MAGIC = 'GVLTOUT1'
const ENTRY_MAGIC = 0x59544e45
const MAX_ENTRIES = 1024
const MAX_NAME = 255
const KIND_FILE = 1
const KIND_OTHER = 2
const KIND_TOO_LARGE = 3

interface Located {
  readonly entry: GuestEntry
  /** Where the bytes begin on the disk; undefined if they are not there. */
  readonly offset: number | undefined
}

/** How the program ended, as the init in the guest reports it. */
export interface GuestReport {
  /** The status of wait(2): exit code in the second byte, signal in the first. */
  readonly status: number
  readonly memoryExhausted: boolean
  readonly cpuSeconds: number
  readonly peakMemoryMiB: number
}

/**
 * The output disk of a microVM, read without trust: the guest may have written anything. The format leaves little to
 * lie about: one sector of header, then for each file one sector with kind, size and name, and its bytes padded to whole
 * sectors, one after another. So entries cannot overlap, and reading takes at most 1024 small reads whatever the disk
 * says. Integers are little-endian.
 *
 * | Header | bytes | | Entry | bytes |
 * | --- | --- | --- | --- | --- |
 * | magic `GVLTOUT1` | 0–7 | | magic `ENTY` | 0–3 |
 * | token of the run, 32 hexadecimal digits | 8–39 | | kind: 1 file, 2 link, directory or device, 3 file that did not fit | 4–7 |
 * | status, out of memory, out full, entries | 40–55 | | size | 8–15 |
 * | processor µs, peak KiB | 56–71 | | length of the name, name | 16–19, 20– |
 */
export class OutputDisk implements GuestOutput {
  readonly full: boolean
  readonly report: GuestReport
  readonly #disk: FileHandle
  readonly #entries: ReadonlyMap<string, Located>

  private constructor(disk: FileHandle, full: boolean, report: GuestReport, entries: ReadonlyMap<string, Located>) {
    this.#disk = disk
    this.full = full
    this.report = report
    this.#entries = entries
  }

  /**
   * Reads the list of files. Close it afterwards.
   * @throws GevulotError RUNTIME_IMAGE_INVALID
   */
  static async open(path: string, token: string): Promise<OutputDisk> {
    const disk = await open(path, 'r')
    try {
      const { size } = await disk.stat()
      const header = await readSector(disk, 0, size)
      if (header.toString('latin1', 0, 8) !== MAGIC) throw invalid('there is no header')
      if (header.toString('latin1', 8, 40) !== token) throw invalid('the header belongs to another run')
      const count = header.readUInt32LE(52)
      if (count > MAX_ENTRIES) throw invalid(`${count} files`)
      const report: GuestReport = {
        status: header.readInt32LE(40),
        memoryExhausted: header.readUInt32LE(44) !== 0,
        cpuSeconds: Number(header.readBigUInt64LE(56)) / 1e6,
        peakMemoryMiB: Number(header.readBigUInt64LE(64)) / 1024,
      }
      return new OutputDisk(disk, header.readUInt32LE(48) !== 0, report, await readEntries(disk, size, count))
    } catch (error) {
      await disk.close()
      throw error
    }
  }

  async stat(name: string): Promise<GuestEntry | undefined> {
    return this.#entries.get(name)?.entry
  }

  async *read(name: string, maxBytes: number): AsyncGenerator<Uint8Array> {
    const found = this.#entries.get(name)
    if (found?.entry.kind !== 'file' || found.offset === undefined) throw invalid(`${name} is not there`)
    const size = Math.min(found.entry.size, maxBytes)
    for (let done = 0; done < size;) {
      const buffer = Buffer.allocUnsafe(Math.min(1 << 18, size - done))
      const { bytesRead } = await this.#disk.read(buffer, 0, buffer.length, found.offset + done)
      if (bytesRead === 0) throw invalid(`${name} is cut off`)
      done += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  /** Gives the file back. */
  async close(): Promise<void> {
    await this.#disk.close()
  }
}

async function readEntries(disk: FileHandle, diskSize: number, count: number): Promise<Map<string, Located>> {
  const entries = new Map<string, Located>()
  let offset = SECTOR
  for (let index = 0; index < count; index++) {
    const sector = await readSector(disk, offset, diskSize)
    offset += SECTOR
    const kind = sector.readUInt32LE(4)
    const size = sector.readBigUInt64LE(8)
    const nameLength = sector.readUInt32LE(16)
    if (sector.readUInt32LE(0) !== ENTRY_MAGIC) throw invalid(`file ${index} has no entry`)
    if (nameLength < 1 || nameLength > MAX_NAME) throw invalid(`file ${index} has a name of ${nameLength} bytes`)
    const name = sector.toString('latin1', 20, 20 + nameLength)
    if (entries.has(name)) throw invalid(`file ${index} repeats a name`)
    switch (kind) {
      case KIND_FILE:
        if (size > BigInt(diskSize - offset)) throw invalid(`file ${index} reaches beyond the end`)
        entries.set(name, { entry: { kind: 'file', size: Number(size) }, offset })
        offset += Math.ceil(Number(size) / SECTOR) * SECTOR
        break
      case KIND_TOO_LARGE:
        entries.set(name, { entry: { kind: 'file', size: Number(size) }, offset: undefined })
        break
      case KIND_OTHER:
        entries.set(name, { entry: { kind: 'other' }, offset: undefined })
        break
      default:
        throw invalid(`file ${index} is of kind ${kind}`)
    }
  }
  return entries
}

async function readSector(disk: FileHandle, offset: number, diskSize: number): Promise<Buffer> {
  if (offset + SECTOR > diskSize) throw invalid('it ends too early')
  const sector = Buffer.alloc(SECTOR)
  const { bytesRead } = await disk.read(sector, 0, SECTOR, offset)
  if (bytesRead !== SECTOR) throw invalid('it ends too early')
  return sector
}

function invalid(what: string): Error {
  return runtimeError('RUNTIME_IMAGE_INVALID', `the output disk is damaged: ${what}`)
}
