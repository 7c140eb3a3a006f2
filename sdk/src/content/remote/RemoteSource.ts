import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { addAbortSignal } from 'node:stream'
import { contentError } from '../../errors/codes/content.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { checkUrl, lookupUnder, type AddressPolicy } from '../addressPolicy.js'
import { answerTo } from '../answerTo.js'
import type { ContentSource, ReadOptions } from '../ContentStore.js'
import type { Digest } from '../digest.js'
import { collect, saveStream, tooLarge, verified } from '../verified.js'
import { RangesAhead, type ByteRange } from './RangesAhead.js'
import { readAnswer } from './readAnswer.js'
import { Tries } from './Tries.js'

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
  /** Bytes that one request asks for, where a read may be larger; default 4 MiB. */
  readonly rangeBytes?: number
  /** How many such requests of one read are under way; so many ranges of it are in memory. Default 4; 1: a read is one request. */
  readonly rangesAtATime?: number
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
  /** Behind its last byte, where the server says it. */
  readonly end: number | undefined
  /** Size of the whole, where the server says it. */
  readonly total: number | undefined
  /** Whether the server keeps to ranges. */
  readonly isPart: boolean
}

/** What is asked for: all from `start` on, or what is before `end`. */
interface Asked {
  readonly start: number
  readonly end?: number | undefined
  /** A plain answer begins at `start`. */
  readonly continues?: boolean
}

/** One read of one content, and what is known of it so far. */
interface Reading {
  readonly digest: Digest
  readonly options: ReadOptions
  readonly signal: AbortSignal
  /** In one answer, and no ranges. */
  isPlain: boolean
  /** It was put together out of several answers. */
  isPieced: boolean
  /** Answers told of different versions. */
  isChanged: boolean
  total?: number | undefined
  /** Tag of the version that is read. */
  tag?: string | undefined
  ranges?: RangesAhead | undefined
}

/** The server does not keep to ranges, or contradicts itself about them; without ranges it may be of use. */
class RangeDoubt extends Error {}

const MAX_REDIRECTS = 3
/** The digest of no byte at all. */
const NOTHING: Digest = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/**
 * Reading from a server by HTTP. Streams, several ranges at a time where the server has them, resumes a broken transfer where it broke, retries a bounded
 * number of times, and believes neither sizes nor bytes. Answers that tell of different versions are never put together. What was put together and is wrong,
 * or changed meanwhile, is read once more from its beginning and in one answer, by `get` and `save`: servers behind one name need not hold the same. Source: design section 7; RFC 9110
 * section 14.
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
      rangeBytes: rules.rangeBytes ?? 4 * 2 ** 20,
      rangesAtATime: rules.rangesAtATime ?? 4,
    }
  }

  /** The request that brings the content, or tells whether it is there. May reject with CONTENT_NOT_FOUND. */
  protected abstract target(wanted: Wanted): Target | Promise<Target>

  async has(digest: Digest, options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    const { answer } = await this.#request('HEAD', { digest }, { start: 0 }, this.#deadline(options.signal))
    answer.destroy()
    return answer.statusCode === 200
  }

  async *open(digest: Digest, options: ReadOptions): AsyncGenerator<Uint8Array> {
    yield* this.#open(this.#reading(digest, options))
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
    const reading = this.#reading(digest, options)
    try {
      return await read(this.#open(reading))
    } catch (error) {
      const isMixed = reading.isPieced && GevulotError.is(error, 'CONTENT_DIGEST_MISMATCH')
      if (!isMixed && !reading.isChanged) throw error
      return read(this.#open({ ...this.#reading(digest, options), isPlain: true }))
    }
  }

  #reading(digest: Digest, options: ReadOptions): Reading {
    const { rangeBytes, rangesAtATime } = this.#rules
    // Nothing has no first byte that could be asked for.
    const isPlain = rangesAtATime < 2 || options.maxBytes <= rangeBytes || digest === NOTHING
    return { digest, options, signal: this.#deadline(options.signal), isPlain, isPieced: false, isChanged: false }
  }

  #open(reading: Reading): AsyncIterable<Uint8Array> {
    const far = { total: () => reading.total, ahead: () => reading.ranges?.ahead ?? 0 }
    return verified(reading.digest, this.name, this.#chunks(reading), reading.options, far)
  }

  /** The body, resumed where it broke or where the server ended a part, until all of it is there or the attempts are used up. */
  async *#chunks(reading: Reading): AsyncGenerator<Uint8Array> {
    const { digest, options, signal } = reading
    const tries = new Tries(this.#rules)
    let received = 0
    for (;;) {
      const before = received
      let isAgain = false
      // What was told of content of which nothing came binds nobody.
      if (received === 0) reading.tag = reading.total = undefined
      try {
        const end = received === 0 && !reading.isPlain ? this.#rules.rangeBytes : undefined
        const { answer, continues } = await this.#request('GET', reading, { start: received, end }, signal)
        const going = this.#judge(answer, reading, { start: received, end, continues })
        if (going === 'complete') return
        const { skip, total } = going
        isAgain = skip > 0
        if (received > 0) reading.isPieced = true
        if (total !== undefined) reading.total = total
        let toSkip = skip
        for await (const chunk of this.#body(reading, answer, going, end)) {
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
        const known = this.#explain(error, reading)
        if (reading.isChanged) throw known
        // What could not be read in ranges, for whatever reason, is read on in one answer.
        if (error instanceof RangeDoubt || reading.ranges !== undefined || known.code === 'CONTENT_TIMEOUT')
          reading.isPlain = true
        reading.ranges = undefined
        if (error instanceof RangeDoubt) continue
        // What begins again each time does not get on.
        await tries.again(known, isAgain ? 0 : received - before, signal)
      }
    }
  }

  /** What an answer brings; all of the content, where it is the first of its ranges. */
  #body(reading: Reading, answer: IncomingMessage, going: Continuation, asked?: number): AsyncIterable<Uint8Array> {
    const { end = Infinity, total, isPart } = going
    if (asked === undefined || !isPart || total === undefined || end > asked || end >= total) return answer
    let first: IncomingMessage | undefined = answer
    const fetch = (range: ByteRange, take: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> => {
      const begun = first
      first = undefined
      return this.#range(reading, range, take, signal, begun)
    }
    reading.isPieced = true
    reading.ranges = new RangesAhead({ start: 0, end: total }, this.#rules, fetch, reading.signal)
    return reading.ranges
  }

  /** One range, resumed where it broke. */
  async #range(
    reading: Reading,
    { start, end }: ByteRange,
    take: (bytes: Uint8Array) => void,
    signal: AbortSignal,
    begun: IncomingMessage | undefined,
  ): Promise<void> {
    const tries = new Tries(this.#rules)
    let answer = begun
    for (let at = start; at < end; answer = undefined) {
      const before = at
      try {
        answer ??= await this.#answerOf(reading, { start: at, end }, signal)
        for await (const chunk of addAbortSignal(signal, answer) as AsyncIterable<Buffer>) {
          if (at + chunk.length > end) throw new RangeDoubt(`${this.name} sends more than the range it was asked for`)
          at += chunk.length
          take(chunk)
        }
        if (at < end) throw contentError('CONTENT_UNAVAILABLE', `${this.name} ended a range of ${reading.digest} early`)
      } catch (error) {
        if (reading.isChanged || error instanceof RangeDoubt) throw error
        await tries.again(this.#explain(error, reading), at - before, signal)
      }
    }
  }

  async #answerOf(reading: Reading, range: ByteRange, signal: AbortSignal): Promise<IncomingMessage> {
    const { answer } = await this.#request('GET', reading, range, signal)
    const going = this.#judge(answer, reading, range)
    if (going !== 'complete' && going.isPart && going.skip === 0) return answer
    answer.destroy()
    throw new RangeDoubt(`${this.name} ignores ranges, which it had at first`)
  }

  /** Judges status and headers of what was asked for. `complete`: nothing lies behind what the reader has. */
  #judge(response: IncomingMessage, reading: Reading, asked: Asked): Continuation | 'complete' {
    try {
      const { digest, options } = reading
      const { start: received, end } = asked
      const facts = readAnswer(response, asked.continues === true ? received : 0)
      const { status, isPart, start } = facts
      const refusal = (why: string): Error => contentError('CONTENT_UNAVAILABLE', `${this.name} ${why}`, { details: { status } }) // prettier-ignore
      const doubt = (why: string): Error => (end === undefined ? refusal(why) : new RangeDoubt(`${this.name} ${why}`))
      if (status === 404 || status === 410)
        throw contentError('CONTENT_NOT_FOUND', `${this.name} does not hold ${digest}`)
      if (status === 416) {
        // A transfer without a length that broke behind its last byte. Whether it was the last is for the digest to say.
        const isEnd = end === undefined && received > 0 && response.headers['content-range'] === `bytes */${received}`
        if (!isEnd) throw doubt(`answered 416 for ${digest}`)
        response.destroy()
        return 'complete'
      }
      if (status !== 200 && status !== 206) throw refusal(`answered ${status} for ${digest}`)
      if (facts.isEncoded) throw refusal(`compressed ${digest} though asked not to`)
      if ((start !== 0 && start !== received) || facts.contradicts)
        throw doubt(`answered another range of ${digest} than asked`)
      // The size of a part that does not say it is known only where all the rest was asked for.
      const total = facts.total ?? (end === undefined ? facts.end : undefined)
      if (isPart && total === undefined) throw doubt(`does not say how large ${digest} is`)
      if (facts.end !== undefined && total !== undefined && facts.end > total)
        throw doubt(`sends more of ${digest} than it says there is`)
      if (total !== undefined && total > options.maxBytes) throw tooLarge(digest, this.name, options.maxBytes)
      if (isOther(reading, total, facts.tag)) {
        reading.isChanged = true
        throw refusal(`changed ${digest} while it was read`)
      }
      if (facts.tag !== undefined) reading.tag = facts.tag
      return { skip: received - start, end: facts.end, total, isPart }
    } catch (error) {
      response.destroy()
      throw error
    }
  }

  async #request(
    method: 'GET' | 'HEAD',
    { digest, tag }: Pick<Reading, 'digest' | 'tag'>,
    asked: Asked,
    signal: AbortSignal,
  ): Promise<{ readonly answer: IncomingMessage; readonly continues: boolean }> {
    const target = await this.target({ method, digest, from: asked.start, signal })
    const continues = target.continues === true
    const range = continues ? {} : rangeHeaders(asked, tag)
    const { addresses, redirects } = this.#rules
    for (let hop = 0, { url } = target; hop <= MAX_REDIRECTS; hop++) {
      const policy = hop === 0 || isWithin(url, target.url) ? addresses : redirects
      if (policy === 'none') break
      checkUrl(url, policy)
      const answer = await this.#send(target, url, range, policy, signal)
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
    { method, headers: own }: Target,
    url: URL,
    range: Readonly<Record<string, string>>,
    policy: AddressPolicy,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const [send, agent] = url.protocol === 'https:' ? [httpsRequest, this.#https] : [httpRequest, this.#http]
    const headers = { 'accept-encoding': 'identity', 'user-agent': 'gevulot', ...own, ...range }
    const request = send(url, { method, headers, signal, agent, lookup: lookupUnder(policy) })
    request.setTimeout(this.#rules.idleTimeoutMs, () =>
      request.destroy(contentError('CONTENT_TIMEOUT', `${this.name} was silent for ${this.#rules.idleTimeoutMs} ms`)),
    )
    return answerTo(request.end())
  }

  #deadline(signal: AbortSignal | undefined): AbortSignal {
    const timeout = AbortSignal.timeout(this.#rules.totalTimeoutMs)
    return signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  }

  #explain(error: unknown, { digest, signal }: Reading): GevulotError {
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

/** Whether an answer is of another version than the answers before. */
function isOther(reading: Reading, total: number | undefined, tag: string | undefined): boolean {
  return (
    (reading.tag !== undefined && tag !== undefined && tag !== reading.tag) ||
    (reading.total !== undefined && total !== undefined && total !== reading.total)
  )
}

/** Asks for a part of the version that the reader has some of already. */
function rangeHeaders({ start, end }: Asked, tag: string | undefined): Record<string, string> {
  if (start === 0 && end === undefined) return {}
  return {
    range: `bytes=${start}-${end === undefined ? '' : end - 1}`,
    ...(tag !== undefined && { 'if-range': tag }),
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
