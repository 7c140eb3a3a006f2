import { workerError } from '../../errors/codes/worker.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { readBody } from '../../readBody.js'

/** Where a signer listens. */
export interface SignerPlace {
  /** May hold a user and a password, which then go into a header. */
  readonly url: string
  readonly timeoutMs: number
}

// A signed transaction with the largest proof in its calldata, as hexadecimal text, and room around it.
const MAX_BYTES = 2 ** 20
const MAX_SHOWN = 200
// JSON-RPC: no such method; the server failed by itself (its vault or its hardware may be back soon).
const NO_SUCH_METHOD = -32_601
const INTERNAL = -32_603

/**
 * Asks a signer one thing (JSON-RPC over HTTP).
 * @returns Its result; undefined when it knows no such method.
 * @throws GevulotError WORKER_SIGNER_UNAVAILABLE, WORKER_SIGNER_REFUSED
 */
export async function askSigner(place: SignerPlace, method: string, params: readonly unknown[]): Promise<unknown> {
  const { status, text } = await post(place, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
  const answer = parse(text)
  // Some answer an error of JSON-RPC with a status of their own; it says more than the status does.
  if (answer?.error !== undefined && answer.error !== null) {
    const { code, message } = answer.error
    if (code === NO_SUCH_METHOD) return undefined
    const why = `it answers ${method} with ${shown(`${String(code)}: ${String(message)}`)}`
    throw code === INTERNAL ? unavailable(why) : refused(why)
  }
  if (status >= 500 || status === 429) throw unavailable(`it answers ${method} with status ${status}`)
  if (status !== 200) throw refused(`it answers ${method} with status ${status}`)
  if (answer === undefined || answer.result === undefined) throw refused(`its answer to ${method} is no JSON-RPC`)
  return answer.result
}

async function post({ url, timeoutMs }: SignerPlace, body: string): Promise<{ status: number; text: string }> {
  const { address, authorization } = splitUrl(url)
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body,
      // What is to be signed goes where the operator says, and nowhere else.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = (await readBody(response, MAX_BYTES, refused)).toString('utf8')
    return { status: response.status, text }
  } catch (error) {
    if (error instanceof GevulotError) throw error
    const { name, cause } = error as { readonly name?: string; readonly cause?: { readonly code?: string } }
    const why = name === 'TimeoutError' ? `it did not answer within ${timeoutMs} ms` : 'it cannot be reached'
    // The error of the library quotes the address, which may hold a password.
    throw unavailable(cause?.code === undefined ? why : `${why} (${cause.code})`)
  }
}

/** `fetch` takes no credentials in a URL. */
function splitUrl(url: string): { readonly address: string; readonly authorization?: string } {
  const parsed = new URL(url)
  const { username, password } = parsed
  if (username === '' && password === '') return { address: url }
  parsed.username = parsed.password = ''
  const pair = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  return { address: parsed.href, authorization: `Basic ${pair.toString('base64')}` }
}

interface RpcAnswer {
  readonly result?: unknown
  readonly error?: { readonly code?: unknown; readonly message?: unknown } | null
}

function parse(text: string): RpcAnswer | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** A stranger's text: one line of it. */
function shown(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, MAX_SHOWN)
}

function unavailable(why: string): GevulotError {
  return workerError('WORKER_SIGNER_UNAVAILABLE', `the external signer does not sign: ${why}`)
}

function refused(why: string): GevulotError {
  return workerError('WORKER_SIGNER_REFUSED', `the external signer refuses: ${why}`)
}
