import { AwsV4Signer } from 'aws4fetch'
import { systemClock, type Clock } from '../../clock.js'
import { contentError } from '../../errors/codes/content.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { readBody } from '../../readBody.js'
import { digestOf, hexOf } from '../digest.js'

/** What requests to an S3 server are signed with. */
export interface S3Credentials {
  readonly accessKeyId: string
  /** As text, or what gives it out only when a request is signed, and shows it nowhere. */
  readonly secretAccessKey: string | { reveal(): string }
  readonly sessionToken?: string
}

/** Where a bucket is, and who asks. */
export interface S3BucketOptions {
  /** `s3://bucket/path`; `?endpoint=` and `&region=` may follow, and win over the options. */
  readonly uri: string
  /** A server that speaks S3, addressed by path; none: Amazon's, addressed by host. */
  readonly endpoint?: string
  /** By default `auto` with an endpoint and `us-east-1` without. */
  readonly region?: string
  /** None: requests are not signed, and only what the bucket shows to everybody is read. */
  readonly credentials?: S3Credentials
  readonly clock?: Clock
  /** Milliseconds for one request; default 60,000. */
  readonly timeoutMs?: number
}

/** One request to a bucket. */
export interface S3Request {
  readonly method: 'DELETE' | 'GET' | 'HEAD' | 'POST' | 'PUT'
  /** None: the bucket itself. */
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer>
  readonly signal?: AbortSignal | undefined
}

const URI = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([^?#]*))?(?:\?([^#]*))?$/
const MAX_ANSWER_BYTES = 1 << 20
const PARAMETERS = new Set(['endpoint', 'region'])

/** A place in a bucket: where it is, and how requests to it are signed. Source: Amazon's S3 API, Signature Version 4. */
export class S3Bucket {
  /** `s3://bucket/path/`. */
  readonly uri: string
  /** URL of the place, with a slash at its end. */
  readonly base: URL
  /** What the keys of the place begin with, empty or with a slash at its end. */
  readonly prefix: string
  readonly #root: URL
  readonly #region: string
  readonly #credentials: S3Credentials | undefined
  readonly #clock: Clock
  readonly #timeoutMs: number
  // Keys of signatures hold for a day.
  readonly #cache = new Map<string, ArrayBuffer>()

  /** @throws GevulotError CONTENT_PLACE_INVALID */
  constructor(options: S3BucketOptions) {
    const [, bucket, path = '', query] = URI.exec(options.uri) ?? []
    if (bucket === undefined) throw invalid(options.uri, 'it is not like s3://bucket/path')
    const parameters = new URLSearchParams(query)
    for (const name of parameters.keys()) {
      if (!PARAMETERS.has(name)) throw invalid(options.uri, `${JSON.stringify(name)} is neither endpoint nor region`)
    }
    const endpoint = parameters.get('endpoint') ?? options.endpoint
    this.#region = parameters.get('region') ?? options.region ?? (endpoint === undefined ? 'us-east-1' : 'auto')
    if (!/^[a-z0-9-]{1,64}$/.test(this.#region)) throw invalid(options.uri, 'its region is no name of one')
    if (endpoint !== undefined && !/^https?:\/\/[^/?#]+/.test(endpoint))
      throw invalid(options.uri, 'its endpoint is not an http or https URL')
    const prefix = path.replace(/^\/+|\/+$/g, '')
    const host =
      endpoint === undefined
        ? `https://${bucket}.s3.${this.#region}.amazonaws.com/`
        : `${endpoint.replace(/\/+$/, '')}/${bucket}/`
    this.prefix = prefix === '' ? '' : `${prefix}/`
    this.uri = `s3://${bucket}/${this.prefix}`
    this.#root = new URL(endpoint === undefined ? host : host.slice(0, -1))
    this.base = new URL(encoded(this.prefix), host)
    this.#credentials = options.credentials
    this.#clock = options.clock ?? systemClock
    this.#timeoutMs = options.timeoutMs ?? 60_000
  }

  /** Address of an object, or of the bucket. */
  url(key?: string, query: Readonly<Record<string, string>> = {}): URL {
    const url = key === undefined ? new URL(this.#root) : new URL(encoded(key), this.base)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url
  }

  /** The headers of a request, with its signature when there are credentials. */
  async headers(method: string, url: URL, body: Uint8Array = new Uint8Array()): Promise<Record<string, string>> {
    if (this.#credentials === undefined) return {}
    const { secretAccessKey: secret } = this.#credentials
    const signer = new AwsV4Signer({
      ...{ method, url: url.href, service: 's3', region: this.#region, cache: this.#cache },
      ...this.#credentials,
      secretAccessKey: typeof secret === 'string' ? secret : secret.reveal(),
      datetime: new Date(this.#clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
      // The server holds the body against it, so what is damaged on the way is refused.
      headers: { 'x-amz-content-sha256': hexOf(digestOf(body)) },
    })
    return Object.fromEntries((await signer.sign()).headers)
  }

  /**
   * Sends one request, signed.
   * @throws GevulotError CONTENT_NOT_FOUND, CONTENT_UNAVAILABLE, CONTENT_ACCESS_DENIED, CONTENT_TIMEOUT; or the reason of `signal`
   */
  async send({ method, key, query, body, signal }: S3Request): Promise<Response> {
    const url = this.url(key, query)
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    const response = await fetch(url, {
      method,
      headers: await this.headers(method, url, body),
      ...(body !== undefined && { body }),
      // A signature is for one server.
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    }).catch((cause: unknown) => {
      signal?.throwIfAborted()
      if (timeout.aborted)
        throw contentError('CONTENT_TIMEOUT', `${this.uri} took longer than ${this.#timeoutMs} ms`, { cause })
      throw contentError('CONTENT_UNAVAILABLE', `${this.uri} cannot be reached, or broke off`, { cause })
    })
    if (response.ok) return response
    await response.body?.cancel()
    const what = `${this.uri} answered ${response.status} to ${method} of ${key ?? 'the bucket'}`
    const details = { details: { status: response.status } }
    if (response.status === 404) throw contentError('CONTENT_NOT_FOUND', what, details)
    if (response.status === 401 || response.status === 403) throw contentError('CONTENT_ACCESS_DENIED', what, details)
    throw contentError('CONTENT_UNAVAILABLE', what, details)
  }

  /** {@link S3Bucket.send}, and the text of the answer; what breaks it off is of the server too. */
  async text(request: S3Request): Promise<string> {
    const refuse = (why: string): Error => contentError('CONTENT_UNAVAILABLE', `${this.uri}: ${why}`)
    const response = await this.send(request)
    try {
      return (await readBody(response, MAX_ANSWER_BYTES, refuse)).toString()
    } catch (cause) {
      request.signal?.throwIfAborted()
      if (cause instanceof GevulotError) throw cause
      const code = cause instanceof Error && cause.name === 'TimeoutError' ? 'CONTENT_TIMEOUT' : 'CONTENT_UNAVAILABLE'
      throw contentError(code, `${this.uri} broke its answer off`, { cause })
    }
  }
}

function encoded(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function invalid(uri: string, why: string): Error {
  return contentError('CONTENT_PLACE_INVALID', `${JSON.stringify(uri.slice(0, 200))} is no S3 store: ${why}`)
}
