import { contentError } from '../errors/codes/content.js'
import type { ContentInput, ContentStore, PutOptions, ReadOptions, StoredContent } from './ContentStore.js'
import { digestOf, type Digest } from './digest.js'
import { putProgress } from './putProgress.js'
import { sizeOf } from './sizeOf.js'

/** Content held in memory, in Node and in browsers: what is to be sent elsewhere, or not to be kept. */
export class MemoryStore implements ContentStore {
  readonly name = 'memory'
  readonly #content = new Map<Digest, Uint8Array>()

  has(digest: Digest): Promise<boolean> {
    return Promise.resolve(this.#content.has(digest))
  }

  async *open(digest: Digest, options: ReadOptions): AsyncGenerator<Uint8Array> {
    yield await this.get(digest, options)
  }

  get(digest: Digest, { maxBytes, signal, onProgress }: ReadOptions): Promise<Uint8Array> {
    return new Promise((resolve) => {
      signal?.throwIfAborted()
      const bytes = this.#content.get(digest)
      if (bytes === undefined) throw contentError('CONTENT_NOT_FOUND', `${digest} is not in memory`)
      if (bytes.length > maxBytes) {
        throw contentError('CONTENT_TOO_LARGE', `${digest} in memory is larger than ${maxBytes} bytes`)
      }
      onProgress?.({ received: bytes.length, total: bytes.length })
      resolve(bytes)
    })
  }

  /** @throws GevulotError CONTENT_READ_ONLY always: memory writes no files; take the bytes with `get`. */
  save(digest: Digest): Promise<number> {
    return Promise.reject(contentError('CONTENT_READ_ONLY', `${digest} is in memory and cannot be saved to a file`))
  }

  /** Takes bytes and streams; a path is read by stores that have a disk. */
  async put(content: ContentInput, options: PutOptions = {}): Promise<StoredContent> {
    const { maxBytes = Infinity, signal } = options
    signal?.throwIfAborted()
    if ('path' in content)
      throw contentError('CONTENT_UNAVAILABLE', 'a store in memory reads no files: give it the bytes')
    const tell = putProgress(options, await sizeOf(content))
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of content instanceof Uint8Array ? [content] : content) {
      signal?.throwIfAborted()
      size += part.length
      if (size > maxBytes) throw contentError('CONTENT_TOO_LARGE', `the content is larger than ${maxBytes} bytes`)
      parts.push(part)
      tell(size)
    }
    const bytes = new Uint8Array(size)
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    const digest = digestOf(bytes)
    this.#content.set(digest, bytes)
    tell(size, size)
    return { digest, size }
  }
}
