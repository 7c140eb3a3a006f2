/** The disk format of Nanos, version 5, as its kernel (src/fs/tfs.c, src/fs/tlog.c, src/runtime/tuple.c) reads and writes it. */

/** Bytes of a sector, the unit of every place and length on the disk. */
export const SECTOR = 512
/** What every extension of the log begins with. */
export const MAGIC = Buffer.from('NVMTFS')
/** The version that follows the magic. */
export const VERSION = 5
/** Bytes of a volume's identity. */
export const UUID_BYTES = 16
/** The most bytes of a volume's label, its NUL included. */
export const LABEL_BYTES = 32
/** Sectors of the first extension of the log, at the disk's beginning: nothing but a header and a link. */
export const FIRST_LOG_SECTORS = 1
/** Sectors of every further extension that the kernel makes. */
export const LOG_SECTORS = 1024

/** What a record of the log is. */
export const RECORD = { end: 1, tuple: 2, continuation: 3, padding: 4, link: 5 } as const
/** The type of an encoded value, bits 4–6 of its first byte. */
export const TYPE = { buffer: 0, tuple: 1, vector: 2, integer: 3, string: 4 } as const
/** Bit 7 of a value's first byte: the value follows; without it, it was seen before. */
export const IMMEDIATE = 0x80
/** Bit 3 of a value's first byte: the length goes on in the bytes that follow. */
export const LONGER = 0x08

/** An attribute's value: text, a number, a tuple, or a list (which no volume's tree has, only the root's attributes). */
export type TfsValue = string | bigint | TfsTuple | readonly TfsValue[]

/**
 * The one structure there is: attributes by name. A file is `(filelength, extents)`, a directory `(children)`, a link
 * `(linktarget)`. Names and texts hold one byte in each character.
 */
export type TfsTuple = Map<string, TfsValue>
