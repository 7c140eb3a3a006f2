import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
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
import { hedged, type Attempt } from './hedged.js'

/** Options of a {@link MultiStore}. */
export interface MultiStoreOptions {
  /** Milliseconds in which a store brings a MiB; when it does not, the next one is asked beside it. Default 5,000. */
  readonly patienceMs?: number
  /** Where `open` keeps content until it is checked, made if it is missing; default the system's temporary directory, which may be in memory. */
  readonly workDirectory?: string
}

const LEAST_BYTES = 2 ** 20

/**
 * Several stores as one: the first good copy wins, a bad or missing copy leads to the next store, a slow one lets the next one start beside it, and
 * writing goes to the first store that can be written. Source: design section 7.
 */
export class MultiStore implements ContentStore {
  readonly name: string
  readonly #sources: readonly ContentSource[]
  readonly #patienceMs: number
  readonly #workDirectory: string | undefined

  /** @param sources In the order in which they are asked: near and cheap first. */
  constructor(sources: readonly ContentSource[], options: MultiStoreOptions = {}) {
    this.#sources = sources
    this.#patienceMs = options.patienceMs ?? 5_000
    this.#workDirectory = options.workDirectory
    this.name = sources.map((source) => source.name).join(', ')
  }

  async has(digest: Digest, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    const look = async (source: ContentSource, { signal }: Attempt): Promise<true> => {
      if (await source.has(digest, { signal })) return true
      throw contentError('CONTENT_NOT_FOUND', `${source.name} does not hold ${digest}`)
    }
    return 'answer' in (await hedged(this.#sources, look, this.#hedge(options.signal)))
  }

  /** Unlike a single store this stream is checked before its first byte: a bad copy must not leave any trace. */
  async *open(digest: Digest, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const directory = this.#workDirectory ?? tmpdir()
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const path = join(directory, `gevulot-${randomBytes(12).toString('hex')}`)
    try {
      await this.save(digest, path, options)
      yield* createReadStream(path) as AsyncIterable<Buffer>
    } finally {
      await rm(path, { force: true })
    }
  }

  async get(digest: Digest, options: ReadOptions): Promise<Uint8Array> {
    return this.#first(digest, options, (source, own) => source.get(digest, own))
  }

  async save(digest: Digest, path: string, options: ReadOptions): Promise<number> {
    return this.#first(digest, options, (source, own) => source.save(digest, path, own))
  }

  async put(content: ContentInput, options: PutOptions = {}): Promise<StoredContent> {
    const store = this.#writable()
    if (store === undefined)
      throw contentError('CONTENT_READ_ONLY', `none of these stores can be written: ${this.name}`)
    return store.put(content, options)
  }

  /** In the store that is written. */
  async storedAt(digest: Digest): Promise<number | undefined> {
    return this.#writable()?.storedAt?.(digest)
  }

  /** From the store that is written: copies elsewhere are not ours. @throws GevulotError CONTENT_READ_ONLY where it removes nothing */
  async remove(digest: Digest, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const store = this.#writable()
    if (store?.remove === undefined) throw contentError('CONTENT_READ_ONLY', `nothing is removed from ${this.name}`)
    await store.remove(digest, options)
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

  #hedge(signal: AbortSignal | undefined) {
    return { patienceMs: this.#patienceMs, leastBytes: LEAST_BYTES, signal }
  }

  async #first<T>(
    digest: Digest,
    options: ReadOptions,
    read: (source: ContentSource, options: ReadOptions) => Promise<T>,
  ): Promise<T> {
    let most = 0
    const attempt = (source: ContentSource, { signal, progress }: Attempt): Promise<T> =>
      read(source, {
        ...{ maxBytes: options.maxBytes, signal },
        onProgress(now) {
          progress(now.received)
          // Of several the one that has most.
          if (now.received <= most) return
          most = now.received
          options.onProgress?.(now)
        },
      })
    // No other copy helps against a full disk of our own.
    const isFatal = (error: unknown): boolean => GevulotError.is(error, 'CONTENT_DISK_FULL')
    const result = await hedged(this.#sources, attempt, this.#hedge(options.signal), isFatal)
    if ('answer' in result) return result.answer
    const { failures } = result
    // A single store's own error says more than a summary.
    if (failures.length === 1) throw failures[0]
    throw contentError('CONTENT_NOT_FOUND', `no good copy of ${digest} in any of: ${this.name}`, {
      cause: new AggregateError(failures),
      details: { digest, reasons: failures.map((failure) => String(failure)) },
    })
  }
}
