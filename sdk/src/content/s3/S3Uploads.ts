import { contentError } from '../../errors/codes/content.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { patiently, type Patience } from '../remote/patiently.js'
import { isRefusal } from './isRefusal.js'
import type { S3Bucket, S3Request } from './S3Bucket.js'

/** An upload in parts that was begun and not ended. */
export interface S3Upload {
  readonly key: string
  readonly uploadId: string
  /** Unix milliseconds by the server's clock; NaN where it does not say. */
  readonly begun: number
}

/** A part that the server holds. */
export interface S3Part {
  /** Its ETag, without quotes. */
  readonly tag: string
  /** Bytes. */
  readonly size: number
}

const MOST_PAGES = 10
const PARTS_A_PAGE = 1_000

/** Uploads in parts to a bucket: begun, found again, ended and given up. Source: Amazon's S3 API. */
export class S3Uploads {
  readonly #bucket: S3Bucket
  readonly #patience: Omit<Patience, 'signal'>

  constructor(bucket: S3Bucket, patience: Omit<Patience, 'signal'>) {
    this.#bucket = bucket
    this.#patience = patience
  }

  /**
   * Uploads under way for content whose name begins so, the newest first: up to a thousand.
   * @returns undefined where the server does not tell: it knows no such request, or this account may not ask
   */
  async list(beginning: string, signal: AbortSignal | undefined): Promise<readonly S3Upload[] | undefined> {
    const { prefix } = this.#bucket
    const query = { uploads: '', prefix: `${prefix}${beginning}` }
    const text = await this.#unlessRefused({ method: 'GET', query, signal })
    if (text === undefined) return undefined
    const uploads = [...text.matchAll(/<Upload>([\s\S]*?)<\/Upload>/g)].map(([, upload = '']) => ({
      key: textOf(upload, 'Key'),
      uploadId: textOf(upload, 'UploadId'),
      begun: Date.parse(textOf(upload, 'Initiated')),
    }))
    return uploads
      .filter(({ key, uploadId }) => key.startsWith(prefix) && uploadId !== '')
      .map((upload) => ({ ...upload, key: upload.key.slice(prefix.length) }))
      .sort((one, other) => (other.begun || 0) - (one.begun || 0))
  }

  /** What the server holds of an upload, by number. @returns undefined where it does not tell */
  async parts(
    { key, uploadId }: S3Upload,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<number, S3Part> | undefined> {
    // prettier-ignore
    const parts = new Map<number, S3Part>()
    for (let page = 0, marker = '0'; page < MOST_PAGES; page++) {
      const query = { uploadId, 'max-parts': String(PARTS_A_PAGE), 'part-number-marker': marker }
      const text = await this.#unlessRefused({ method: 'GET', key, query, signal })
      if (text === undefined) return undefined
      for (const [, part = ''] of text.matchAll(/<Part>([\s\S]*?)<\/Part>/g)) {
        const tag = textOf(part, 'ETag').replaceAll('"', '')
        parts.set(Number(textOf(part, 'PartNumber')), { tag, size: Number(textOf(part, 'Size')) })
      }
      marker = textOf(text, 'NextPartNumberMarker')
      if (textOf(text, 'IsTruncated') !== 'true' || marker === '') break
    }
    return parts
  }

  async begin(key: string, signal: AbortSignal | undefined): Promise<S3Upload> {
    const begun = await this.#send({ method: 'POST', key, query: { uploads: '' }, signal })
    const uploadId = textOf(begun, 'UploadId')
    if (uploadId === '') throw contentError('CONTENT_UNAVAILABLE', `${this.#bucket.uri} begins no upload of ${key}`)
    return { key, uploadId, begun: NaN }
  }

  /** Makes an object of parts. @param tags Of all parts, in their order. */
  async complete({ key, uploadId }: S3Upload, tags: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const list = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>"${tag}"</ETag></Part>`)
    const body = Buffer.from(`<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`)
    const ended = await this.#send({ method: 'POST', key, query: { uploadId }, body, signal })
    // Amazon answers 200 before it knows.
    if (ended.includes('<Error>'))
      throw contentError('CONTENT_UNAVAILABLE', `${this.#bucket.uri} did not put ${key} together`)
  }

  /** Parts of an upload that nobody ends are paid for. What cannot be given up is left to the bucket's own rules. */
  async abort({ key, uploadId }: S3Upload, signal?: AbortSignal): Promise<void> {
    const request = { method: 'DELETE', key, query: { uploadId }, signal } as const
    const response = await this.#bucket.send(request).catch(() => undefined)
    await response?.body?.cancel()
  }

  #send(request: S3Request): Promise<string> {
    return patiently({ ...this.#patience, signal: request.signal }, () => this.#bucket.text(request))
  }

  async #unlessRefused(request: S3Request): Promise<string | undefined> {
    const ask = async (): Promise<string | undefined> => {
      try {
        return await this.#bucket.text(request)
      } catch (error) {
        if (isRefusal(error)) return undefined
        throw error
      }
    }
    try {
      return await patiently({ ...this.#patience, signal: request.signal }, ask)
    } catch (error) {
      request.signal?.throwIfAborted()
      if (error instanceof GevulotError) return undefined
      throw error
    }
  }
}

/** Text of the first element of a name; empty where there is none. */
function textOf(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]{0,2000})</${name}>`).exec(xml)?.[1] ?? ''
  const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&', '#34': '"', '#39': "'" }
  return text.replace(/&(#?\w{2,4});/g, (whole, name: string) => entities[name] ?? whole)
}
