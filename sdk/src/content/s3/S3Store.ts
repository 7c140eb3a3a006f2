import { createHash } from 'node:crypto'
import { systemClock, type Clock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { ContentInput, ContentStore, PutOptions, StoredContent } from '../ContentStore.js'
import { hexOf, type Digest } from '../digest.js'
import { inParallel } from '../inParallel.js'
import { putProgress } from '../putProgress.js'
import { patiently } from '../remote/patiently.js'
import { RemoteSource, type Target, type TransferOptions, type Wanted } from '../remote/RemoteSource.js'
import { withKnown, type KnownContent } from '../remote/withKnown.js'
import { S3Bucket, type S3BucketOptions, type S3Request } from './S3Bucket.js'
import { isRefusal } from './isRefusal.js'
import { S3Uploads, type S3Part, type S3Upload } from './S3Uploads.js'

/** Options of an {@link S3Store}. */
export interface S3StoreOptions extends S3BucketOptions, TransferOptions {
  /** Bytes of one part of an upload, at least 5 MiB by Amazon's rule; larger content is sent in parts, several at a time. Default 16 MiB. */
  readonly partBytes?: number
  /** Milliseconds after its beginning when an upload in this place that nobody ended is given up, by the first larger upload that this store ends. Default 7 days. */
  readonly keepUploadsMs?: number
}

const PARTS_AT_A_TIME = 4
const MOST_PARTS = 10_000
/** How many uploads of one content are looked at, and begun. */
const MOST_UPLOADS = 3
/** How long an upload that has ended waits for others to be given up. */
const TIDY_MS = 10_000

/**
 * Content in a bucket of Amazon S3 or of a server that speaks its protocol, each under the 64 digits of its sha-256. The server checks what it is sent
 * against that digest, the reader what it gets. Source: design section 7.
 */
export class S3Store extends RemoteSource implements ContentStore {
  readonly #bucket: S3Bucket
  readonly #partBytes: number
  readonly #patience: { readonly attempts: number; readonly retryDelayMs: number }
  readonly #uploads: S3Uploads
  readonly #keepUploadsMs: number
  readonly #clock: Clock
  #isTidied = false

  /** @throws GevulotError CONTENT_PLACE_INVALID */
  constructor(options: S3StoreOptions) {
    const bucket = new S3Bucket(options)
    super(bucket.uri, { addresses: 'any', ...options, redirects: 'none' })
    this.#bucket = bucket
    this.#partBytes = options.partBytes ?? 16 * 2 ** 20
    this.#patience = { attempts: options.attempts ?? 5, retryDelayMs: options.retryDelayMs ?? 250 }
    this.#uploads = new S3Uploads(bucket, this.#patience)
    this.#keepUploadsMs = options.keepUploadsMs ?? 7 * 86_400_000
    this.#clock = options.clock ?? systemClock
  }

  protected async target({ method, digest }: Wanted): Promise<Target> {
    const url = this.#bucket.url(hexOf(digest))
    return { method, url, headers: await this.#bucket.headers(method, url) }
  }

  /**
   * Stores bytes, a file or a stream. What is there already is not sent again, if the server's ETag says that it is the same: a damaged copy is
   * replaced. Where tags say nothing of the bytes, as with keys of Amazon's KMS, it is sent each time. What goes in parts and is cut off, also by the end of
   * the process, goes on with the next call that puts the same: with the parts that the server has, and whose tags are right. Progress
   * counts whole parts, also those that were there.
   * @throws GevulotError CONTENT_ACCESS_DENIED, CONTENT_UNAVAILABLE, CONTENT_TIMEOUT, CONTENT_TOO_LARGE, CONTENT_DISK_FULL
   */
  async put(content: ContentInput, options: PutOptions = {}): Promise<StoredContent> {
    const { signal } = options
    return withKnown(content, options, async (known) => {
      const { digest, size } = known
      const tell = putProgress(options, size)
      if (await this.#holds(known, signal)) {
        // It is there.
      } else if (size <= this.#partBytes) {
        const body = await known.bytes(0, size)
        await this.#send({ method: 'PUT', key: hexOf(digest), body, signal })
      } else {
        await this.#putInParts(known, tell, signal)
      }
      tell(size)
      return { digest, size }
    })
  }

  /** @throws GevulotError CONTENT_ACCESS_DENIED, CONTENT_UNAVAILABLE, CONTENT_TIMEOUT */
  async remove(digest: Digest, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    try {
      await this.#send({ method: 'DELETE', key: hexOf(digest), signal })
    } catch (error) {
      if (!GevulotError.is(error, 'CONTENT_NOT_FOUND')) throw error
    }
  }

  async #holds(known: KnownContent, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      const { headers } = await this.#bucket.send({ method: 'HEAD', key: hexOf(known.digest), signal })
      if (Number(headers.get('content-length') ?? NaN) !== known.size) return false
      return (await this.#tagsOf(known)).includes(headers.get('etag') ?? '')
    } catch (error) {
      // Who may write need not be allowed to look, and a server that cannot say it takes it again.
      if (error instanceof GevulotError) return false
      throw error
    }
  }

  /**
   * The tags of content that was sent as this store sends it: its MD5, and of parts the MD5 of theirs, as Amazon has it. They find damage, and decide
   * nothing else.
   */
  async #tagsOf(known: KnownContent): Promise<readonly string[]> {
    const whole = createHash('md5')
    const ofParts = createHash('md5')
    const parts = this.#partsOf(known.size)
    for (const { start, end } of parts) {
      const bytes = await known.bytes(start, end)
      whole.update(bytes)
      ofParts.update(createHash('md5').update(bytes).digest())
    }
    return [`"${whole.digest('hex')}"`, `"${ofParts.digest('hex')}-${parts.length}"`]
  }

  #partsOf(size: number): readonly { readonly start: number; readonly end: number }[] {
    const bytes = Math.max(this.#partBytes, Math.ceil(size / MOST_PARTS))
    const count = Math.max(1, Math.ceil(size / bytes))
    return Array.from({ length: count }, (_, index) => ({
      start: index * bytes,
      end: Math.min((index + 1) * bytes, size),
    }))
  }

  async #putInParts(
    known: KnownContent,
    tell: (there: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const key = hexOf(known.digest)
    for (let attempt = 1; ; attempt++) {
      const found = await this.#uploads.list(key, signal)
      const own = (found ?? []).filter((upload) => upload.key === key)
      // What was found and could not be ended is not tried twice.
      const begun = attempt === 1 ? await this.#resumable(own, known.size, signal) : undefined
      const { upload, parts } = begun ?? { upload: await this.#uploads.begin(key, signal), parts: new Map() }
      try {
        const tags = await this.#sendParts(known, upload, parts, tell, signal)
        await this.#uploads.complete(upload, tags, signal)
        await this.#tidy(own.filter(({ uploadId }) => uploadId !== upload.uploadId))
        return
      } catch (error) {
        const isGone = GevulotError.is(error, 'CONTENT_NOT_FOUND')
        // What can be found again, by the next call or after a restart, is kept.
        const isKept = found !== undefined && (signal?.aborted === true || (error instanceof GevulotError && error.retryable)) // prettier-ignore
        if (!isKept || isRefusal(error)) await this.#uploads.abort(upload)
        signal?.throwIfAborted()
        // Somebody else ended it, or gave it up.
        if (isGone && (await this.#holds(known, signal))) return
        if (attempt >= MOST_UPLOADS || !(isGone || (begun !== undefined && isRefusal(error)))) throw error
      }
    }
  }

  /** An upload that was begun with the same parts, and what the server has of it. */
  async #resumable(uploads: readonly S3Upload[], size: number, signal: AbortSignal | undefined) {
    const sizes = this.#partsOf(size).map(({ start, end }) => end - start)
    for (const upload of uploads.slice(0, MOST_UPLOADS)) {
      const parts = await this.#uploads.parts(upload, signal)
      if (parts !== undefined && [...parts].every(([number, part]) => sizes[number - 1] === part.size))
        return { upload, parts }
    }
    return undefined
  }

  /** Sends what the server does not have yet, to the byte. @returns The tags of all parts */
  async #sendParts(
    known: KnownContent,
    { key, uploadId }: S3Upload,
    have: ReadonlyMap<number, S3Part>,
    tell: (there: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<readonly string[]> {
    let there = 0
    return inParallel(
      this.#partsOf(known.size),
      PARTS_AT_A_TIME,
      async ({ start, end }, stop, index) => {
        const body = await known.bytes(start, end)
        const tag = createHash('md5').update(body).digest('hex')
        const count = (): void => tell((there += end - start))
        if (have.get(index + 1)?.tag === tag) {
          count()
          return tag
        }
        const query = { partNumber: String(index + 1), uploadId }
        return this.#patient(stop, async () => {
          const response = await this.#bucket.send({ method: 'PUT', key, query, body, signal: stop })
          await response.body?.cancel()
          count()
          return (response.headers.get('etag') ?? '').replaceAll('"', '')
        })
      },
      signal,
    )
  }

  /** Gives up what nobody goes on with: other uploads of what is there now, and, once, what was begun in this place long ago. */
  async #tidy(others: readonly S3Upload[]): Promise<void> {
    const signal = AbortSignal.timeout(TIDY_MS)
    const old = this.#isTidied ? [] : await this.#uploads.list('', signal).catch(() => undefined)
    this.#isTidied = true
    const isOld = ({ key, begun }: S3Upload): boolean =>
      /^[0-9a-f]{64}$/.test(key) && begun < this.#clock.now() - this.#keepUploadsMs
    for (const upload of [...others, ...(old ?? []).filter(isOld)]) {
      if (!signal.aborted) await this.#uploads.abort(upload, signal)
    }
  }

  #send(request: S3Request): Promise<string> {
    return this.#patient(request.signal, () => this.#bucket.text(request))
  }

  #patient<T>(signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    return patiently({ ...this.#patience, signal }, act)
  }
}
