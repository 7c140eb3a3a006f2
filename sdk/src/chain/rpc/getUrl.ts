import { makeError, type FetchGetUrlFunc } from 'ethers'

/** More than any answer of a node; an endpoint that sends more is not to fill the memory. */
const MOST_BYTES = 128 * 2 ** 20

/** Sends a request of ethers. Its own way closes no connection when a request is cancelled, where there are no pages. */
export const getUrl: FetchGetUrlFunc = async ({ url, method, headers, body }, signal) => {
  const stop = new AbortController()
  signal?.addListener(() => stop.abort())
  try {
    // A request that ethers makes has bytes for a body.
    const sent = body === null ? null : Uint8Array.from(body)
    const response = await fetch(url, { method, headers, body: sent, redirect: 'manual', signal: stop.signal })
    const { status: statusCode, statusText: statusMessage } = response
    // ethers would follow in a way of its own, without the bound and the signal, and take transactions to a host that nobody named.
    const location = statusCode >= 300 && statusCode < 400 ? response.headers.get('location') : null
    if (location !== null)
      throw makeError(`the endpoint redirects to ${hostOf(location, url)}; name that`, 'SERVER_ERROR')
    const received = await bodyOf(response)
    return { statusCode, statusMessage, headers: Object.fromEntries(response.headers), body: received }
  } catch (error) {
    if (stop.signal.aborted) throw makeError('request cancelled', 'CANCELLED')
    // What was not read of an answer is not waited for.
    stop.abort()
    throw reasonOf(error)
  }
}

function hostOf(location: string, base: string): string {
  return URL.canParse(location, base) ? new URL(location, base).host : 'nowhere'
}

async function bodyOf({ body }: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  const reader = (body as ReadableStream<Uint8Array> | null)?.getReader()
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    size += part.value.length
    if (size > MOST_BYTES) throw makeError(`the answer is larger than ${MOST_BYTES} bytes`, 'BAD_DATA', { value: size })
    parts.push(part.value)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** What the connection failed with; `fetch` tells it as the cause of an error that says nothing. */
function reasonOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error)) return error
  const code = 'code' in cause ? String(cause.code) : ''
  return code.startsWith('UND_ERR') ? Object.assign(new Error(cause.message, { cause }), { code: 'ECONNRESET' }) : cause
}
