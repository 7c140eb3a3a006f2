import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contentError } from '../../errors/codes/content.js'
import type { ContentInput, PutOptions, StoredContent } from '../ContentStore.js'
import { digestFromHex, digestOf } from '../digest.js'
import { diskError } from '../writeAtomically.js'

/** Content whose digest is known before it is sent, and that can be sent again. */
export interface KnownContent extends StoredContent {
  /** The bytes from `start` to before `end`. */
  bytes(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>
  /** All of it, piece by piece. */
  chunks(): AsyncIterable<Uint8Array>
}

const CHUNK = 1 << 18

/** Makes content known for as long as `use` runs: a stream is written to a temporary file. @throws GevulotError CONTENT_TOO_LARGE, CONTENT_DISK_FULL */
export async function withKnown<T>(
  content: ContentInput,
  options: PutOptions,
  use: (known: KnownContent) => Promise<T>,
): Promise<T> {
  const { maxBytes = Number.MAX_SAFE_INTEGER, signal } = options
  signal?.throwIfAborted()
  if (content instanceof Uint8Array) {
    refuseAbove(content.length, maxBytes)
    return use(inMemory(content))
  }
  if ('path' in content) return use(await onDisk(content.path, read(content.path), maxBytes, signal))
  const path = join(tmpdir(), `gevulot-${randomBytes(12).toString('hex')}`)
  try {
    return await use(await onDisk(path, written(content, path), maxBytes, signal))
  } catch (error) {
    throw diskError(error, path)
  } finally {
    await rm(path, { force: true })
  }
}

function inMemory(content: Uint8Array): KnownContent {
  return {
    ...{ digest: digestOf(content), size: content.length },
    bytes: (start, end) => Promise.resolve(Uint8Array.from(content.subarray(start, end))),
    async *chunks() {
      // In pieces: so a slow connection tells how far it has come.
      for (let at = 0; at < content.length; at += CHUNK) yield content.subarray(at, at + CHUNK)
    },
  }
}

async function onDisk(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<KnownContent> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of chunks) {
    signal?.throwIfAborted()
    size += chunk.length
    refuseAbove(size, maxBytes)
    hash.update(chunk)
  }
  return {
    ...{ digest: digestFromHex(hash.digest('hex')), size },
    async bytes(start, end) {
      const file = await open(path, 'r')
      try {
        const bytes = new Uint8Array(end - start)
        for (let done = 0; done < bytes.length;) {
          const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done)
          if (bytesRead === 0) throw contentError('CONTENT_FILE_INVALID', `${path} became shorter while it was read`)
          done += bytesRead
        }
        return bytes
      } finally {
        await file.close()
      }
    },
    chunks: () => read(path),
  }
}

function read(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: CHUNK })
}

async function* written(chunks: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of chunks) {
      await file.writeFile(chunk)
      yield chunk
    }
  } finally {
    await file.close()
  }
}

function refuseAbove(size: number, maxBytes: number): void {
  if (size > maxBytes) {
    throw contentError('CONTENT_TOO_LARGE', `the content is larger than ${maxBytes} bytes`, { details: { maxBytes } })
  }
}
