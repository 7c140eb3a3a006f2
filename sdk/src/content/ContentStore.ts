import type { Digest } from './digest.js'

/** Options of every read. */
export interface ReadOptions {
  /** The most bytes to accept; larger content is refused with CONTENT_TOO_LARGE as soon as that is known. */
  readonly maxBytes: number
  readonly signal?: AbortSignal
  /** Called as bytes arrive; `total` is there once the store has said it. */
  readonly onProgress?: (progress: ReadProgress) => void
}

/** How far a read has come, in bytes. */
export interface ReadProgress {
  readonly received: number
  readonly total?: number
}

/** What to store: bytes, a file on disk, or a stream. */
export type ContentInput = Uint8Array | { readonly path: string } | AsyncIterable<Uint8Array>

/** Options of a write. */
export interface PutOptions {
  /** The most bytes to take from a file or a stream. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
  /** Called as the store takes bytes, and once it has all of them. */
  readonly onProgress?: (progress: PutProgress) => void
}

/** How far a write has come, in bytes. */
export interface PutProgress {
  /** What the store has taken, or had already; never less than told before. */
  readonly stored: number
  /** Of all that is put; absent while a stream does not say how much is to come. */
  readonly total?: number
}

/** What was stored. */
export interface StoredContent {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
}

/**
 * A place to read content from by digest. A store is never trusted: every reader checks the digest.
 * Source: design section 7.
 *
 * Every read rejects with CONTENT_NOT_FOUND, CONTENT_TOO_LARGE, CONTENT_DIGEST_MISMATCH, CONTENT_UNAVAILABLE or
 * CONTENT_TIMEOUT, or with the reason of `signal`.
 */
export interface ContentSource {
  /** For people and logs. */
  readonly name: string
  /** Whether the store claims to hold the content. */
  has(digest: Digest, options?: { readonly signal?: AbortSignal }): Promise<boolean>
  /** The content as it arrives. The digest is known to be right only when the stream has ended without an error. */
  open(digest: Digest, options: ReadOptions): AsyncIterable<Uint8Array>
  /** The whole content in memory, checked. */
  get(digest: Digest, options: ReadOptions): Promise<Uint8Array>
  /** Writes the checked content to `path` (through a temporary file beside it) and returns its size in bytes. */
  save(digest: Digest, path: string, options: ReadOptions): Promise<number>
}

/** A source that can also be written. */
export interface ContentStore extends ContentSource {
  /** Stores content durably under its own digest. Storing the same content twice is harmless. */
  put(content: ContentInput, options?: PutOptions): Promise<StoredContent>
  /** When content was last written, by whoever did, Unix milliseconds; undefined when it is not there. Not every store knows. */
  storedAt?(digest: Digest): Promise<number | undefined>
  /** Removes content, where the store can; removing what is not there is harmless. */
  remove?(digest: Digest, options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * A URI under which everybody can read content that was put, as it goes on the chain with a workload or a program; undefined, and absent in most
   * stores, where nobody else is known to read.
   */
  uriOf?(digests: readonly Digest[], options?: { readonly signal?: AbortSignal }): Promise<string | undefined>
}
