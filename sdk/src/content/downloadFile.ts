import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { systemClock } from '../clock.js'
import { contentError } from '../errors/codes/content.js'
import { GevulotError } from '../errors/GevulotError.js'
import { checkUrl } from './addressPolicy.js'
import { answerTo } from './answerTo.js'
import type { ReadOptions } from './ContentStore.js'
import { diskError } from './writeAtomically.js'

/** Options of {@link downloadFile}. */
export interface DownloadOptions extends ReadOptions {
  /** How many attempts may get on by less than 64 KiB, one after the other; default 5. */
  readonly attempts?: number
  /** Milliseconds without a byte before an attempt is given up; default 15,000. */
  readonly idleTimeoutMs?: number
  /** Milliseconds before the first retry, doubled each time; default 500. */
  readonly retryDelayMs?: number
}

const MAX_REDIRECTS = 5
const LEAST_PROGRESS = 65_536

/**
 * Brings a file from a URL that a person named to `path`, from where an earlier call broke off: what is there counts as its beginning.
 * The content is not checked; hold it against its digest, and remove it if that is wrong. Redirects are followed, but never from https
 * to http.
 * @returns Bytes of the whole file.
 * @throws GevulotError CONTENT_UNAVAILABLE, CONTENT_NOT_FOUND, CONTENT_TIMEOUT, CONTENT_TOO_LARGE, CONTENT_ADDRESS_REFUSED, CONTENT_DISK_FULL
 */
export async function downloadFile(url: URL, path: string, options: DownloadOptions): Promise<number> {
  const { attempts = 5, retryDelayMs = 500, signal } = options
  for (let attempt = 1, had = 0; ; attempt++) {
    try {
      return await transfer(url, path, options)
    } catch (error) {
      signal?.throwIfAborted()
      const known = error instanceof GevulotError ? error : broken(url, error)
      if (known.code === 'CONTENT_TOO_LARGE') await rm(path, { force: true })
      const has = await stat(path).then(({ size }) => size, () => 0) // prettier-ignore
      // What gets on is not given up; the size is bounded, and so is the number of steps to it.
      if (has >= had + LEAST_PROGRESS) attempt = 0
      had = has
      if (!known.retryable || known.code === 'CONTENT_NOT_FOUND' || attempt >= attempts) throw known
      await systemClock.sleep(retryDelayMs * 2 ** attempt, signal)
    }
  }
}

async function transfer(url: URL, path: string, options: DownloadOptions): Promise<number> {
  const { maxBytes, signal, onProgress, idleTimeoutMs = 15_000 } = options
  const idle = new AbortController()
  const over = new AbortController()
  let pieces = 0
  const watch = async (): Promise<void> => {
    for (let seen = -1; seen !== pieces;) {
      seen = pieces
      await systemClock.sleep(idleTimeoutMs, over.signal)
    }
    idle.abort()
  }
  // It ends by an error: the transfer is over.
  watch().catch(() => undefined)
  const stop = signal === undefined ? idle.signal : AbortSignal.any([signal, idle.signal])
  const had = await stat(path).then(({ size }) => size, () => 0) // prettier-ignore
  let file: number | undefined
  try {
    const response = await follow(url, had, stop)
    const { start, total } = await judge(url, response, had, path, maxBytes)
    // Without a turn of the event loop in between, in which the connection could break unheard.
    file = openSync(path, start === 0 ? 'w' : 'r+', 0o600)
    let size = start
    await drain(response, file, (bytes) => {
      pieces++
      size += bytes.length
      if (size > maxBytes) throw tooLarge(url, maxBytes)
      onProgress?.({ received: size, ...(total !== undefined && { total }) })
      return size - bytes.length
    })
    if (total !== undefined && size !== total) {
      throw contentError('CONTENT_UNAVAILABLE', `${url.host} ended after ${size} of ${total} bytes`)
    }
    fsyncSync(file)
    return size
  } catch (error) {
    if (idle.signal.aborted && signal?.aborted !== true) {
      throw contentError('CONTENT_TIMEOUT', `${url.host} was silent for ${idleTimeoutMs} ms`, { cause: error })
    }
    throw diskError(error, path)
  } finally {
    over.abort()
    if (file !== undefined) closeSync(file)
  }
}

/** Writes each piece before the next can come: a stream that breaks forgets what it holds. `place` says where it goes. */
function drain(response: IncomingMessage, file: number, place: (bytes: Buffer) => number): Promise<void> {
  return new Promise((resolve, reject) => {
    response.on('data', (bytes: Buffer) => {
      try {
        const at = place(bytes)
        for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, at + done)
      } catch (error) {
        response.destroy()
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    })
    response.once('end', resolve)
    response.once('error', reject)
    response.once('close', () => reject(new Error('the connection was closed')))
  })
}

async function follow(first: URL, from: number, signal: AbortSignal): Promise<IncomingMessage> {
  let url = first
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    checkUrl(url, 'any')
    const response = await get(url, from, signal)
    const { location } = response.headers
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) return response
    response.destroy()
    if (!URL.canParse(location, url.href)) break
    const next = new URL(location, url)
    if (url.protocol === 'https:' && next.protocol !== 'https:') {
      throw contentError(
        'CONTENT_ADDRESS_REFUSED',
        `${url.host} redirects from https to ${next.protocol}//${next.host}`,
      )
    }
    url = next
  }
  throw contentError('CONTENT_UNAVAILABLE', `${first.host} redirects too often or to nowhere`)
}

function get(url: URL, from: number, signal: AbortSignal): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const range = from > 0 && { range: `bytes=${from}-` }
  const headers = { 'accept-encoding': 'identity', 'user-agent': 'gevulot', ...range }
  // No agent: nothing is kept open for a second file.
  return answerTo(send(url, { headers, signal, agent: false }).end())
}

/** Where the answer begins, and how long the file is. */
async function judge(
  url: URL,
  response: IncomingMessage,
  had: number,
  path: string,
  maxBytes: number,
): Promise<{ readonly start: number; readonly total: number | undefined }> {
  const refuse = (error: Error): never => {
    response.destroy()
    throw error
  }
  const { headers } = response
  const status = response.statusCode ?? 0
  if (status === 404 || status === 410) refuse(contentError('CONTENT_NOT_FOUND', `${url.href} is not there`))
  if (status === 416) {
    // What is here is longer than the file: it is the beginning of another one.
    await rm(path, { force: true })
    refuse(contentError('CONTENT_UNAVAILABLE', `${url.host} has no bytes behind ${had}`))
  }
  if (status !== 200 && status !== 206) refuse(contentError('CONTENT_UNAVAILABLE', `${url.host} answered ${status}`))
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    refuse(contentError('CONTENT_UNAVAILABLE', `${url.host} compressed the file though asked not to`))
  const start = status === 206 ? Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? NaN) : 0
  if (start !== 0 && start !== had) {
    await rm(path, { force: true })
    refuse(contentError('CONTENT_UNAVAILABLE', `${url.host} answered another range than asked`))
  }
  const length = headers['content-length']
  const total = length === undefined ? undefined : start + Number(length)
  if (total !== undefined && total > maxBytes) refuse(tooLarge(url, maxBytes))
  return { start, total }
}

function tooLarge(url: URL, maxBytes: number): Error {
  return contentError('CONTENT_TOO_LARGE', `${url.host} sends more than ${maxBytes} bytes`, { details: { maxBytes } })
}

function broken(url: URL, cause: unknown): GevulotError {
  return contentError('CONTENT_UNAVAILABLE', `${url.host} cannot be reached, or broke off`, { cause })
}
