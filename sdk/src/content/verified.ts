import { createHash } from 'node:crypto'
import { contentError } from '../errors/codes/content.js'
import type { ReadOptions } from './ContentStore.js'
import { hexOf, type Digest } from './digest.js'
import { writeAtomically } from './writeAtomically.js'

/**
 * Passes chunks on while it counts and hashes them; fails at the first byte over the limit and, at the end, if the
 * digest is wrong. `far` tells for the progress how large the whole is said to be, and how many bytes wait behind those passed on.
 */
export async function* verified(
  digest: Digest,
  source: string,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
  far?: { readonly total: () => number | undefined; readonly ahead: () => number },
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let received = 0
  for await (const chunk of chunks) {
    options.signal?.throwIfAborted()
    received += chunk.length
    if (received > options.maxBytes) throw tooLarge(digest, source, options.maxBytes)
    hash.update(chunk)
    const [size, come] = [far?.total(), received + (far?.ahead() ?? 0)]
    options.onProgress?.(size === undefined ? { received: come } : { received: come, total: size })
    yield chunk
  }
  const have = hash.digest('hex')
  if (have !== hexOf(digest)) {
    throw contentError('CONTENT_DIGEST_MISMATCH', `${source} holds something else under ${digest}`, {
      details: { source, have: `0x${have}`, want: digest, size: received },
    })
  }
}

/** The error of content above the reader's limit. */
export function tooLarge(digest: Digest, source: string, maxBytes: number): Error {
  return contentError('CONTENT_TOO_LARGE', `${digest} in ${source} is larger than ${maxBytes} bytes`, {
    details: { source, digest, maxBytes },
  })
}

/** Reads a whole verified stream into memory. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

/** Writes a whole verified stream to a file; nothing appears at `path` if the stream fails. */
export async function saveStream(chunks: AsyncIterable<Uint8Array>, path: string): Promise<number> {
  let size = 0
  await writeAtomically(path, async (file) => {
    for await (const chunk of chunks) {
      await file.writeFile(chunk)
      size += chunk.length
    }
    return path
  })
  return size
}
