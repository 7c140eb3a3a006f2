import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contentError } from '../errors/codes/content.js'
import { GevulotError } from '../errors/GevulotError.js'
import type {
  ContentInput,
  ContentSource,
  ContentStore,
  PutOptions,
  ReadOptions,
  StoredContent,
} from './ContentStore.js'
import type { Digest } from './digest.js'

/**
 * Several stores as one: the first good copy wins, a bad or missing copy leads to the next store, and writing goes to
 * the first store that can be written. Source: design section 7.
 */
export class MultiStore implements ContentStore {
  readonly name: string
  readonly #sources: readonly ContentSource[]

  /** @param sources In the order in which they are asked: near and cheap first. */
  constructor(sources: readonly ContentSource[]) {
    this.#sources = sources
    this.name = sources.map((source) => source.name).join(', ')
  }

  async has(digest: Digest, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    for (const source of this.#sources) {
      options.signal?.throwIfAborted()
      if (await source.has(digest, options).catch(() => false)) return true
    }
    return false
  }

  /** Unlike a single store this stream is checked before its first byte: a bad copy must not leave any trace. */
  async *open(digest: Digest, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const path = join(tmpdir(), `gevulot-${randomBytes(12).toString('hex')}`)
    try {
      await this.save(digest, path, options)
      yield* createReadStream(path) as AsyncIterable<Buffer>
    } finally {
      await rm(path, { force: true })
    }
  }

  async get(digest: Digest, options: ReadOptions): Promise<Uint8Array> {
    return this.#first(digest, options, (source) => source.get(digest, options))
  }

  async save(digest: Digest, path: string, options: ReadOptions): Promise<number> {
    return this.#first(digest, options, (source) => source.save(digest, path, options))
  }

  async put(content: ContentInput, options: PutOptions = {}): Promise<StoredContent> {
    const store = this.#writable()
    if (store === undefined)
      throw contentError('CONTENT_READ_ONLY', `none of these stores can be written: ${this.name}`)
    return store.put(content, options)
  }

  async uriOf(
    digests: readonly Digest[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<string | undefined> {
    return this.#writable()?.uriOf?.(digests, options)
  }

  #writable(): ContentStore | undefined {
    return this.#sources.find((source): source is ContentStore => 'put' in source)
  }

  async #first<T>(digest: Digest, options: ReadOptions, read: (source: ContentSource) => Promise<T>): Promise<T> {
    const failures: unknown[] = []
    for (const source of this.#sources) {
      options.signal?.throwIfAborted()
      try {
        return await read(source)
      } catch (error) {
        options.signal?.throwIfAborted()
        // No other copy helps against a full disk of our own.
        if (GevulotError.is(error, 'CONTENT_DISK_FULL')) throw error
        failures.push(error)
      }
    }
    // A single store's own error says more than a summary.
    if (failures.length === 1) throw failures[0]
    throw contentError('CONTENT_NOT_FOUND', `no good copy of ${digest} in any of: ${this.name}`, {
      cause: new AggregateError(failures),
      details: { digest, reasons: failures.map((failure) => String(failure)) },
    })
  }
}
