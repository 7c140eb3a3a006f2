import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { systemClock } from '../clock.js'
import { contentError } from '../errors/codes/content.js'
import { GevulotError } from '../errors/GevulotError.js'
import { checkUrl, lookupUnder, type AddressPolicy } from './addressPolicy.js'
import type { ContentSource, ReadOptions } from './ContentStore.js'
import { cidOf, hexOf, type Digest } from './digest.js'
import { collect, saveStream, tooLarge, verified } from './verified.js'

/** Options of an {@link HttpStore}. */
export interface HttpStoreOptions {
  /** How the digest appears behind the base URL; default `hex`. IPFS gateways want `cid`. */
  readonly form?: 'hex' | 'cid'
  /** Which hosts may be contacted; default `public`. Redirects are held to it too. */
  readonly addresses?: AddressPolicy
  /** How many attempts of one read may get on by less than 64 KiB, one after the other; default 5. */
  readonly attempts?: number
  /** Milliseconds without a byte before an attempt is given up; default 15,000. */
  readonly idleTimeoutMs?: number
  /** Milliseconds for one whole read, all attempts together; default 30 minutes. Stops a server that drips. */
  readonly totalTimeoutMs?: number
  /** Milliseconds before the first retry, doubled each time; default 250. */
  readonly retryDelayMs?: number
}

/** How an answer goes on from what was read. */
interface Continuation {
  /** Bytes of its body that the reader already has. */
  readonly skip: number
  /** Size of the whole, where the server says it. */
  readonly total: number | undefined
}

const MAX_REDIRECTS = 3
const LEAST_PROGRESS = 65_536
const RANGE = /^bytes (\d+)-\d+\/(\d+|\*)$/

/**
 * Content behind `GET <base>/<digest>`. Streams, resumes a broken transfer with a range request, retries a bounded
 * number of times, and believes neither sizes nor bytes. What was put together out of several answers and is wrong is read once more from
 * its beginning, by `get` and `save`: servers behind one name need not hold the same. Source: design section 7; RFC 9110 section 14.
 */
export class HttpStore implements ContentSource {
  readonly name: string
  readonly #base: string
  readonly #options: Required<HttpStoreOptions>
  // Own agents: a connection that a laxer store opened to the same host name must not be reused here.
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 8 })
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: 8 })

  /**
   * @param base For example `https://content.example.org/` or `https://gateway.example.org/ipfs/`.
   * @throws GevulotError CONTENT_ADDRESS_REFUSED
   */
  constructor(base: string, options: HttpStoreOptions = {}) {
    this.#options = {
      form: options.form ?? 'hex',
      addresses: options.addresses ?? 'public',
      attempts: options.attempts ?? 5,
      idleTimeoutMs: options.idleTimeoutMs ?? 15_000,
      totalTimeoutMs: options.totalTimeoutMs ?? 30 * 60_000,
      retryDelayMs: options.retryDelayMs ?? 250,
    }
    this.#base = base.endsWith('/') ? base : `${base}/`
    if (!URL.canParse(this.#base)) {
      throw contentError('CONTENT_ADDRESS_REFUSED', `not a URL: ${JSON.stringify(base.slice(0, 200))}`)
    }
    const url = new URL(this.#base)
    checkUrl(url, this.#options.addresses)
    this.name = url.origin + url.pathname
  }

  async has(digest: Digest, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    const response = await this.#request('HEAD', digest, 0, this.#deadline(options.signal))
    response.destroy()
    return response.statusCode === 200
  }

  open(digest: Digest, options: ReadOptions): AsyncIterable<Uint8Array> {
    return this.#open(digest, options, () => undefined)
  }

  async get(digest: Digest, options: ReadOptions): Promise<Uint8Array> {
    return this.#whole(digest, options, collect)
  }

  async save(digest: Digest, path: string, options: ReadOptions): Promise<number> {
    return this.#whole(digest, options, (chunks) => saveStream(chunks, path))
  }

  async #whole<T>(
    digest: Digest,
    options: ReadOptions,
    read: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T> {
    const seen = { isResumed: false }
    try {
      return await read(this.#open(digest, options, () => (seen.isResumed = true)))
    } catch (error) {
      if (!seen.isResumed || !GevulotError.is(error, 'CONTENT_DIGEST_MISMATCH')) throw error
      return read(this.open(digest, options))
    }
  }

  #open(digest: Digest, options: ReadOptions, onResume: () => void): AsyncIterable<Uint8Array> {
    let total: number | undefined
    const chunks = this.#chunks(digest, options, (size) => (total = size), onResume)
    return verified(digest, this.name, chunks, options, () => total)
  }

  /** The body, resumed where it broke or where the server ended a part, until all of it is there or the attempts are used up. */
  async *#chunks(
    digest: Digest,
    options: ReadOptions,
    onTotal: (size: number) => void,
    onResume: () => void,
  ): AsyncGenerator<Uint8Array> {
    const signal = this.#deadline(options.signal)
    let received = 0
    for (let attempt = 1; ; attempt++) {
      const before = received
      let isAgain = false
      try {
        const response = await this.#request('GET', digest, received, signal)
        const going = this.#checkAnswer(response, digest, received, options)
        if (going === 'complete') return
        const { skip, total } = going
        isAgain = skip > 0
        if (received > 0) onResume()
        if (total !== undefined) onTotal(total)
        let toSkip = skip
        for await (const chunk of response as AsyncIterable<Buffer>) {
          const rest = chunk.subarray(Math.min(toSkip, chunk.length))
          toSkip -= chunk.length - rest.length
          if (rest.length === 0) continue
          received += rest.length
          yield rest
        }
        if (total === undefined || received >= total) return
        throw contentError('CONTENT_UNAVAILABLE', `${this.name} ended ${digest} after ${received} of ${total} bytes`)
      } catch (error) {
        options.signal?.throwIfAborted()
        const known = this.#explain(error, digest, signal)
        // What gets on is not given up: its size is bounded, and so is the number of steps. What begins again each time does not get on.
        if (!isAgain && received >= before + LEAST_PROGRESS) attempt = 0
        if (
          !known.retryable ||
          known.code === 'CONTENT_NOT_FOUND' ||
          signal.aborted ||
          attempt >= this.#options.attempts
        )
          throw known
        await systemClock
          .sleep(this.#options.retryDelayMs * 2 ** Math.max(0, attempt - 1), signal)
          .catch(() => undefined)
      }
    }
  }

  /** Judges status and headers. `complete`: nothing lies behind what the reader has. */
  #checkAnswer(
    response: IncomingMessage,
    digest: Digest,
    received: number,
    options: ReadOptions,
  ): Continuation | 'complete' {
    const fail = (error: Error): never => {
      response.destroy()
      throw error
    }
    const status = response.statusCode ?? 0
    const { headers } = response
    if (status === 404 || status === 410)
      fail(contentError('CONTENT_NOT_FOUND', `${this.name} does not hold ${digest}`))
    // A transfer without a length that broke behind its last byte. Whether it was the last is for the digest to say.
    if (status === 416 && received > 0 && headers['content-range'] === `bytes */${received}`) {
      response.destroy()
      return 'complete'
    }
    if (status !== 200 && status !== 206) {
      fail(
        contentError('CONTENT_UNAVAILABLE', `${this.name} answered ${status} for ${digest}`, { details: { status } }),
      )
    }
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      fail(contentError('CONTENT_UNAVAILABLE', `${this.name} compressed ${digest} though asked not to`))
    }
    const range = status === 206 ? RANGE.exec(headers['content-range'] ?? '') : null
    const start = status === 206 ? Number(range?.[1] ?? NaN) : 0
    if (start !== 0 && start !== received) {
      fail(contentError('CONTENT_UNAVAILABLE', `${this.name} answered another range of ${digest} than asked`))
    }
    const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
    const end = length === undefined ? undefined : start + length
    // A server may send less of a range than was asked for.
    const total = range === null || range[2] === '*' ? end : Number(range[2])
    if (end !== undefined && total !== undefined && end > total) {
      fail(contentError('CONTENT_UNAVAILABLE', `${this.name} sends more of ${digest} than it says there is`))
    }
    if (total !== undefined && total > options.maxBytes) fail(tooLarge(digest, this.name, options.maxBytes))
    return { skip: received - start, total }
  }

  async #request(method: string, digest: Digest, from: number, signal: AbortSignal): Promise<IncomingMessage> {
    let url = new URL(this.#options.form === 'hex' ? hexOf(digest) : cidOf(digest), this.#base)
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      checkUrl(url, this.#options.addresses)
      const response = await this.#send(method, url, from, signal)
      const { location } = response.headers
      const redirected = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0)
      if (!redirected || location === undefined) return response
      response.destroy()
      if (!URL.canParse(location, url.href)) break
      url = new URL(location, url)
    }
    throw contentError('CONTENT_UNAVAILABLE', `${this.name} redirects ${digest} too often or to nowhere`)
  }

  #send(method: string, url: URL, from: number, signal: AbortSignal): Promise<IncomingMessage> {
    const [send, agent] = url.protocol === 'https:' ? [httpsRequest, this.#https] : [httpRequest, this.#http]
    const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'gevulot' }
    if (from > 0) headers['range'] = `bytes=${from}-`
    return new Promise((resolve, reject) => {
      const request = send(
        url,
        { method, headers, signal, agent, lookup: lookupUnder(this.#options.addresses) },
        resolve,
      )
      request.setTimeout(this.#options.idleTimeoutMs, () =>
        request.destroy(
          contentError('CONTENT_TIMEOUT', `${this.name} was silent for ${this.#options.idleTimeoutMs} ms`),
        ),
      )
      request.on('error', reject)
      request.end()
    })
  }

  #deadline(signal: AbortSignal | undefined): AbortSignal {
    const timeout = AbortSignal.timeout(this.#options.totalTimeoutMs)
    return signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  }

  #explain(error: unknown, digest: Digest, signal: AbortSignal): GevulotError {
    if (signal.aborted) {
      return contentError(
        'CONTENT_TIMEOUT',
        `${this.name} took longer than ${this.#options.totalTimeoutMs} ms for ${digest}`,
      )
    }
    if (error instanceof GevulotError) return error
    return contentError('CONTENT_UNAVAILABLE', `${this.name} broke off ${digest}`, { cause: error })
  }
}
