import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { systemClock } from '../../clock.js'
import { contentError } from '../../errors/codes/content.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { checkUrl, lookupUnder, type AddressPolicy } from '../addressPolicy.js'
import type { ContentSource, ReadOptions } from '../ContentStore.js'
import type { Digest } from '../digest.js'
import { collect, saveStream, tooLarge, verified } from '../verified.js'

/** How a remote store is read; every store of this kind takes these. */
export interface TransferOptions {
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

/** What a kind of store adds. */
export interface RemoteRules extends TransferOptions {
  /**
   * Where a redirect may lead that leaves the first address: `none` for requests that are signed, `public` where a stranger's content may say it. By
   * default what `addresses` says.
   */
  readonly redirects?: AddressPolicy | 'none'
}

/** What is asked of the server. */
export interface Wanted {
  readonly method: 'GET' | 'HEAD'
  readonly digest: Digest
  /** Bytes that the reader already has. */
  readonly from: number
  readonly signal: AbortSignal
}

/** One request. */
export interface Target {
  readonly url: URL
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  /** A plain answer begins at `from`, without saying so. */
  readonly continues?: true
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
 * Reading from a server by HTTP. Streams, resumes a broken transfer where it broke, retries a bounded number of times, and believes neither sizes nor
 * bytes. What was put together out of several answers and is wrong is read once more from its beginning, by `get` and `save`: servers behind one name
 * need not hold the same. Source: design section 7; RFC 9110 section 14.
 */
export abstract class RemoteSource implements ContentSource {
  readonly name: string
  readonly #rules: Required<RemoteRules>
  // Own agents: a connection that a laxer store opened to the same host name must not be reused here.
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 8 })
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: 8 })

  protected constructor(name: string, rules: RemoteRules) {
    this.name = name
    const addresses = rules.addresses ?? 'public'
    this.#rules = {
      addresses,
      redirects: rules.redirects ?? addresses,
      attempts: rules.attempts ?? 5,
      idleTimeoutMs: rules.idleTimeoutMs ?? 15_000,
      totalTimeoutMs: rules.totalTimeoutMs ?? 30 * 60_000,
      retryDelayMs: rules.retryDelayMs ?? 250,
    }
  }

  /** The request that brings the content, or tells whether it is there. May reject with CONTENT_NOT_FOUND. */
  protected abstract target(wanted: Wanted): Target | Promise<Target>

  async has(digest: Digest, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    const response = await this.#request('HEAD', digest, 0, this.#deadline(options.signal))
    response.answer.destroy()
    return response.answer.statusCode === 200
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
        const { answer, continues } = await this.#request('GET', digest, received, signal)
        const going = this.#judge(answer, digest, received, options, continues)
        if (going === 'complete') return
        const { skip, total } = going
        isAgain = skip > 0
        if (received > 0) onResume()
        if (total !== undefined) onTotal(total)
        let toSkip = skip
        for await (const chunk of answer as AsyncIterable<Buffer>) {
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
        if (!known.retryable || known.code === 'CONTENT_NOT_FOUND' || signal.aborted || attempt >= this.#rules.attempts)
          throw known
        await systemClock.sleep(this.#rules.retryDelayMs * 2 ** Math.max(0, attempt - 1), signal).catch(() => undefined)
      }
    }
  }

  /** Judges status and headers. `complete`: nothing lies behind what the reader has. */
  #judge(
    response: IncomingMessage,
    digest: Digest,
    received: number,
    options: ReadOptions,
    continues: boolean,
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
    const start = status === 206 ? Number(range?.[1] ?? NaN) : continues ? received : 0
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

  async #request(
    method: 'GET' | 'HEAD',
    digest: Digest,
    from: number,
    signal: AbortSignal,
  ): Promise<{ readonly answer: IncomingMessage; readonly continues: boolean }> {
    const target = await this.target({ method, digest, from, signal })
    const continues = target.continues === true
    const { addresses, redirects } = this.#rules
    for (let hop = 0, { url } = target; hop <= MAX_REDIRECTS; hop++) {
      const policy = hop === 0 || isWithin(url, target.url) ? addresses : redirects
      if (policy === 'none') break
      checkUrl(url, policy)
      const answer = await this.#send(target, url, from, policy, signal)
      const { location } = answer.headers
      const redirected = [301, 302, 303, 307, 308].includes(answer.statusCode ?? 0)
      if (!redirected || location === undefined) return { answer, continues }
      answer.destroy()
      if (redirects === 'none' || !URL.canParse(location, url.href)) break
      url = new URL(location, url)
    }
    throw contentError('CONTENT_UNAVAILABLE', `${this.name} redirects ${digest} too often or to nowhere`)
  }

  #send(
    { method, headers: own, continues }: Target,
    url: URL,
    from: number,
    policy: AddressPolicy,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const [send, agent] = url.protocol === 'https:' ? [httpsRequest, this.#https] : [httpRequest, this.#http]
    const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'gevulot', ...own }
    if (from > 0 && continues !== true) headers['range'] = `bytes=${from}-`
    return new Promise((resolve, reject) => {
      const request = send(url, { method, headers, signal, agent, lookup: lookupUnder(policy) }, resolve)
      request.setTimeout(this.#rules.idleTimeoutMs, () =>
        request.destroy(contentError('CONTENT_TIMEOUT', `${this.name} was silent for ${this.#rules.idleTimeoutMs} ms`)),
      )
      request.on('error', reject)
      request.end()
    })
  }

  #deadline(signal: AbortSignal | undefined): AbortSignal {
    const timeout = AbortSignal.timeout(this.#rules.totalTimeoutMs)
    return signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  }

  #explain(error: unknown, digest: Digest, signal: AbortSignal): GevulotError {
    if (signal.aborted) {
      return contentError(
        'CONTENT_TIMEOUT',
        `${this.name} took longer than ${this.#rules.totalTimeoutMs} ms for ${digest}`,
      )
    }
    if (error instanceof GevulotError) return error
    return contentError('CONTENT_UNAVAILABLE', `${this.name} broke off ${digest}`, { cause: error })
  }
}

/** Whether a redirect stays with the server it came from: its own origin, or a name below it, as gateways give each CID its own. */
function isWithin(url: URL, first: URL): boolean {
  return (
    url.protocol === first.protocol &&
    url.port === first.port &&
    (url.hostname === first.hostname || url.hostname.endsWith(`.${first.hostname}`))
  )
}
