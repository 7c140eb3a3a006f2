import { makeError, type FetchGetUrlFunc } from 'ethers'

/** Sends a request of ethers. Its own way closes no connection when a request is cancelled, where there are no pages. */
export const getUrl: FetchGetUrlFunc = async ({ url, method, headers, body }, signal) => {
  const stop = new AbortController()
  signal?.addListener(() => stop.abort())
  try {
    // A request that ethers makes has bytes for a body.
    const sent = body === null ? null : Uint8Array.from(body)
    const response = await fetch(url, { method, headers, body: sent, redirect: 'manual', signal: stop.signal })
    const { status: statusCode, statusText: statusMessage } = response
    const received = new Uint8Array(await response.arrayBuffer())
    return { statusCode, statusMessage, headers: Object.fromEntries(response.headers), body: received }
  } catch (error) {
    if (stop.signal.aborted) throw makeError('request cancelled', 'CANCELLED')
    throw reasonOf(error)
  }
}

/** What the connection failed with; `fetch` tells it as the cause of an error that says nothing. */
function reasonOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error)) return error
  const code = 'code' in cause ? String(cause.code) : ''
  return code.startsWith('UND_ERR') ? Object.assign(new Error(cause.message, { cause }), { code: 'ECONNRESET' }) : cause
}
