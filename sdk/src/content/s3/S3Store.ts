import { createHash } from 'node:crypto'
import { contentError } from '../../errors/codes/content.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { readBody } from '../../readBody.js'
import type { ContentInput, ContentStore, PutOptions, StoredContent } from '../ContentStore.js'
import { hexOf, type Digest } from '../digest.js'
import { inParallel } from '../inParallel.js'
import { patiently } from '../remote/patiently.js'
import { RemoteSource, type Target, type TransferOptions, type Wanted } from '../remote/RemoteSource.js'
import { withKnown, type KnownContent } from '../remote/withKnown.js'
import { S3Bucket, type S3BucketOptions } from './S3Bucket.js'

/** Options of an {@link S3Store}. */
export interface S3StoreOptions extends S3BucketOptions, TransferOptions {
  /** Bytes of one part of an upload, at least 5 MiB by Amazon's rule; larger content is sent in parts, several at a time. Default 16 MiB. */
  readonly partBytes?: number
}

const PARTS_AT_A_TIME = 4
const MOST_PARTS = 10_000
const MAX_ANSWER_BYTES = 1 << 20

/**
 * Content in a bucket of Amazon S3 or of a server that speaks its protocol, each under the 64 digits of its sha-256. The server checks what it is sent
 * against that digest, the reader what it gets. Source: design section 7.
 */
export class S3Store extends RemoteSource implements ContentStore {
  readonly #bucket: S3Bucket
  readonly #partBytes: number
  readonly #patience: { readonly attempts: number; readonly retryDelayMs: number }

  /** @throws GevulotError CONTENT_PLACE_INVALID */
  constructor(options: S3StoreOptions) {
    const bucket = new S3Bucket(options)
    super(bucket.uri, { addresses: 'any', ...options, redirects: 'none' })
    this.#bucket = bucket
    this.#partBytes = options.partBytes ?? 16 * 2 ** 20
    this.#patience = { attempts: options.attempts ?? 5, retryDelayMs: options.retryDelayMs ?? 250 }
  }

  protected async target({ method, digest }: Wanted): Promise<Target> {
    const url = this.#bucket.url(hexOf(digest))
    return { method, url, headers: await this.#bucket.headers(method, url) }
  }

  /**
   * Stores bytes, a file or a stream. What is there already is not sent again, if the server's ETag says that it is the same: a damaged copy is
   * replaced. Where tags say nothing of the bytes, as with keys of Amazon's KMS, it is sent each time.
   * @throws GevulotError CONTENT_ACCESS_DENIED, CONTENT_UNAVAILABLE, CONTENT_TIMEOUT, CONTENT_TOO_LARGE, CONTENT_DISK_FULL
   */
  async put(content: ContentInput, options: PutOptions = {}): Promise<StoredContent> {
    const { signal } = options
    return withKnown(content, options, async (known) => {
      const { digest, size } = known
      if (await this.#holds(known, signal)) return { digest, size }
      if (size <= this.#partBytes) {
        const body = await known.bytes(0, size)
        await this.#send({ method: 'PUT', key: hexOf(digest), body, signal })
      } else {
        await this.#putInParts(known, signal)
      }
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

  async #putInParts(known: KnownContent, signal: AbortSignal | undefined): Promise<void> {
    const key = hexOf(known.digest)
    const begun = await this.#send({ method: 'POST', key, query: { uploads: '' }, signal })
    const uploadId = /<UploadId>([^<]{1,1024})<\/UploadId>/.exec(begun)?.[1]
    if (uploadId === undefined) throw contentError('CONTENT_UNAVAILABLE', `${this.name} begins no upload of ${key}`)
    try {
      const tags = await inParallel(
        this.#partsOf(known.size),
        PARTS_AT_A_TIME,
        async ({ start, end }, stop, index) => {
          const body = await known.bytes(start, end)
          const query = { partNumber: String(index + 1), uploadId }
          return this.#patient(stop, async () => {
            const response = await this.#bucket.send({ method: 'PUT', key, query, body, signal: stop })
            await response.body?.cancel()
            return response.headers.get('etag') ?? ''
          })
        },
        signal,
      )
      const list = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`)
      const body = Buffer.from(`<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`)
      const ended = await this.#send({ method: 'POST', key, query: { uploadId }, body, signal })
      // Amazon answers 200 before it knows.
      if (ended.includes('<Error>'))
        throw contentError('CONTENT_UNAVAILABLE', `${this.name} did not put ${key} together`)
    } catch (error) {
      // Parts of an upload that nobody ends are paid for.
      await this.#bucket.send({ method: 'DELETE', key, query: { uploadId } }).catch(() => undefined)
      throw error
    }
  }

  /** Sends, and reads the answer's text. */
  async #send(request: Parameters<S3Bucket['send']>[0]): Promise<string> {
    return this.#patient(request.signal, async () => {
      const response = await this.#bucket.send(request)
      const refuse = (why: string): Error => contentError('CONTENT_UNAVAILABLE', `${this.name}: ${why}`)
      return (await readBody(response, MAX_ANSWER_BYTES, refuse)).toString()
    })
  }

  #patient<T>(signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    return patiently({ ...this.#patience, signal }, act)
  }
}
