import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'

const BLOCK = 512

/** What is in a file that is packed by gzip. A file that cannot be read fails whoever reads this, and it is closed when nobody reads on. */
export function gunzipped(path: string): AsyncIterable<Buffer> {
  const unpacked = createGunzip()
  // Unlike `pipe`, where the error of a file is heard by nobody. The last stream tells it to whoever reads.
  pipeline(createReadStream(path), unpacked, () => undefined)
  return unpacked
}

/**
 * The first regular file of that name, in whichever directory, of a tar stream. Nothing is written anywhere, so neither paths nor links of the
 * archive can do harm.
 * @param maxFile The most bytes of the file. @param maxAll The most bytes of the whole stream that are read.
 * @throws Error for what is no tar, or too large
 */
export async function fileOfTar(
  chunks: AsyncIterable<Buffer>,
  name: string,
  maxFile: number,
  maxAll: number,
): Promise<Buffer | undefined> {
  let read = 0
  let skip = 0
  let wanted: { readonly parts: Buffer[]; left: number } | undefined
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    read += chunk.length
    if (read > maxAll) throw new Error(`more than ${maxAll} bytes unpacked`)
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      if (wanted !== undefined) {
        const part = rest.subarray(0, wanted.left)
        wanted.parts.push(part)
        wanted.left -= part.length
        if (wanted.left === 0) return Buffer.concat(wanted.parts)
        rest = Buffer.alloc(0)
        break
      }
      const over = Math.min(skip, rest.length)
      skip -= over
      rest = rest.subarray(over)
      if (skip > 0 || rest.length < BLOCK) break
      const header = rest.subarray(0, BLOCK)
      rest = rest.subarray(BLOCK)
      // Blocks of zeros end the archive.
      if (header.every((byte) => byte === 0)) return undefined
      if (header.toString('latin1', 257, 262) !== 'ustar') throw new Error('not a tar archive')
      const size = Number.parseInt(header.toString('latin1', 124, 136), 8)
      if (!Number.isSafeInteger(size) || size < 0) throw new Error('a file of the archive has no size')
      const path = header.toString('utf8', 0, 100).split('\0')[0] ?? ''
      const regular = header[156] === 0x30 || header[156] === 0
      if (regular && path.split('/').at(-1) === name) {
        if (size > maxFile) throw new Error(`${name} is larger than ${maxFile} bytes`)
        wanted = { parts: [], left: size }
        if (size === 0) return Buffer.alloc(0)
      } else skip = Math.ceil(size / BLOCK) * BLOCK
    }
  }
  if (wanted !== undefined || skip > 0) throw new Error('the archive is cut off')
  return undefined
}
