import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { checkUrl, lookupUnder, type AddressPolicy } from '../../content/addressPolicy.js'
import { answerTo } from '../../content/answerTo.js'
import { apiError } from '../../errors/codes/api.js'
import { GevulotError } from '../../errors/GevulotError.js'

/** How a receiver took a webhook: its HTTP status, or why there is none. */
export type PostResult = { readonly status: number } | { readonly failure: string }

/** From the first byte to the status; a receiver that takes longer does its work afterwards. */
export const POST_MS = 10_000
const MAX_HEADER_BYTES = 8_192

/**
 * Whether webhooks may go to a URL, as far as it can be told without resolving its host. Public ones only by TLS.
 * @throws GevulotError API_REQUEST_INVALID
 */
export function checkWebhookUrl(text: string, policy: AddressPolicy): void {
  const url = new URL(text)
  try {
    checkUrl(url, policy)
  } catch (error) {
    if (!(error instanceof GevulotError)) throw error
    throw apiError('API_REQUEST_INVALID', `url: ${error.message}`)
  }
  if (policy === 'public' && url.protocol !== 'https:') throw apiError('API_REQUEST_INVALID', 'url: it must be https')
  if (url.username !== '' || url.password !== '') throw apiError('API_REQUEST_INVALID', 'url: no credentials')
}

/**
 * Posts a body. What the receiver says beside its status is not read, redirects are not followed, the addresses that were checked are the ones
 * connected to, and no connection is kept. Never rejects.
 */
export async function postTo(
  text: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  policy: AddressPolicy,
  signal: AbortSignal,
): Promise<PostResult> {
  try {
    checkWebhookUrl(text, policy)
    const url = new URL(text)
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const over = AbortSignal.any([signal, AbortSignal.timeout(POST_MS)])
    const options = {
      ...{ method: 'POST', agent: false, signal: over, lookup: lookupUnder(policy), maxHeaderSize: MAX_HEADER_BYTES },
      headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
    }
    const request = send(url, options).end(body)
    const { statusCode = 0 } = await answerTo(request)
    request.destroy()
    return { status: statusCode }
  } catch (error) {
    return { failure: failureOf(error) }
  }
}

/** For the owner of the webhook: nothing of this machine's network. */
function failureOf(error: unknown): string {
  if (GevulotError.is(error, 'CONTENT_ADDRESS_REFUSED')) return 'its host has an address that is not public'
  if (error instanceof GevulotError) return error.message
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))
    return 'it did not answer in time'
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^[A-Z_]{1,40}$/.test(code) ? `the connection failed: ${code}` : 'the connection failed'
}
