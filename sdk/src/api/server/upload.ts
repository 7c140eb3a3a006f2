import type { Context } from 'hono'
import { parseDigest } from '../../content/digest.js'
import { apiError } from '../../errors/codes/api.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { StoredKey } from './ApiKeys.js'
import type { Backend } from './handlers.js'

/** Larger than the inputs of any job there is. */
export const MAX_UPLOAD_BYTES = 32 * 2 ** 20

/**
 * Stores content on behalf of a key: `PUT /v1/content/{digest}`, the bytes as they are. The digest is what is asked for, so it can be sent again after
 * a lost answer, and what the store holds already is neither read nor counted.
 * @throws GevulotError API_UNAUTHORISED, API_REQUEST_INVALID, API_TOO_LARGE, API_LIMIT_REACHED, CONTENT_DIGEST_INVALID
 */
export async function upload(context: Context, key: StoredKey | undefined, backend: Backend): Promise<Response> {
  if (key === undefined) throw apiError('API_UNAUTHORISED', 'this needs an API key')
  const { client, proxy } = backend
  if (proxy === undefined) throw apiError('API_NOT_FOUND', 'this server only reads: it takes no content')
  const text = context.req.param('digest') ?? ''
  const digest = parseDigest(/^[0-9a-f]{64}$/.test(text) ? `0x${text}` : text)
  const size = lengthOf(context)
  const answer = { digest, size }
  await proxy.kept.claim([digest])
  if (await proxy.store.has(digest)) return context.json(answer, 200)
  const contents = [{ digest, size }]
  const reserved = await proxy.uploads.reserve({ keyId: key.id, contents }, key.uploadPerDay, client.clock.now())
  try {
    const stored = await proxy.store.put(bytesOf(context.req.raw), { maxBytes: size })
    if (stored.digest === digest && stored.size === size) return context.json(answer, 201)
    // It lies in the store under its own name, so it stays counted.
    throw apiError('API_REQUEST_INVALID', `the content has the digest ${stored.digest}, not ${digest}`)
  } catch (error) {
    if (!GevulotError.is(error, 'API_REQUEST_INVALID')) await proxy.uploads.forget(reserved)
    if (GevulotError.is(error, 'CONTENT_TOO_LARGE')) {
      throw apiError('API_REQUEST_INVALID', `more than the ${size} bytes of Content-Length came`)
    }
    throw error
  }
}

/** The body as it comes; a caller that goes away ends it with an error, and does not keep it waiting. */
async function* bytesOf({ body, signal }: Request): AsyncGenerator<Uint8Array> {
  // Content of no bytes has no body.
  if (body === null) return
  const reader = body.getReader()
  let leave = (): void => undefined
  const gone = new Promise<never>((_, reject) => {
    leave = () => reject(apiError('API_REQUEST_BROKEN', 'the caller broke off the content'))
  })
  gone.catch(() => undefined)
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  try {
    for (;;) {
      const { value } = await Promise.race([reader.read() as Promise<{ readonly value?: Uint8Array }>, gone])
      if (value === undefined) return
      yield value
    }
  } finally {
    signal.removeEventListener('abort', leave)
    reader.cancel().catch(() => undefined)
  }
}

function lengthOf(context: Context): number {
  const text = context.req.header('content-length') ?? ''
  // Empty content is content, too.
  if (!/^\d{1,15}$/.test(text)) throw apiError('API_REQUEST_INVALID', 'the header Content-Length is missing')
  const size = Number(text)
  if (size > MAX_UPLOAD_BYTES) throw apiError('API_TOO_LARGE', `content may have at most ${MAX_UPLOAD_BYTES} bytes`)
  return size
}
