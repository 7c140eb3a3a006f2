import type { PutOptions, StoredContent } from '../content/ContentStore.js'
import { digestOf, type Digest } from '../content/digest.js'
import { putProgress } from '../content/putProgress.js'
import { apiError } from '../errors/codes/api.js'
import { GevulotError } from '../errors/GevulotError.js'
import type { Answer, Call, Endpoint } from './contract/Endpoint.js'
import { ENDPOINTS, type EndpointName } from './contract/endpoints.js'
import { PROOF_DIGEST, PROOF_SEAT } from './contract/proofHeaders.js'
import { problem } from './contract/shapes.js'
import { streamOf } from './streamOf.js'

/** Options of {@link createApiClient}. */
export interface ApiClientOptions {
  /** Address of the API server. */
  readonly url: string
  readonly apiKey?: string
  /** Used instead of the global one. */
  readonly fetch?: typeof fetch
}

/** Options of every call. */
export interface ApiCallOptions {
  readonly signal?: AbortSignal
  /** Repeat a call with the same one after a lost answer: then nothing is done twice. */
  readonly idempotencyKey?: string
}

type Method<E extends Endpoint> = (call: Call<E>, options?: ApiCallOptions) => Promise<Answer<E>>

/** A method for every operation of the API, typed by the schemas that check it on the server. */
export type ApiClient = { readonly [Name in EndpointName]: Method<(typeof ENDPOINTS)[Name]> } & {
  /**
   * Puts content into the server's store, where provers find it; as often as wanted, with the same effect as once. `onProgress` is called as the server
   * takes bytes, and once it has stored all of them; in a page only then, because what a page sends cannot be a stream over HTTP/1.1.
   */
  putContent(content: Uint8Array, options?: Pick<PutOptions, 'signal' | 'onProgress'>): Promise<StoredContent>
  /** As `getProof`, but the proof alone and as it is, which is a quarter less to send; its digest is checked. */
  getProofBytes(
    call: Call<(typeof ENDPOINTS)['getProof']>,
    options?: Pick<ApiCallOptions, 'signal'>,
  ): Promise<ProofBytes>
}

/** What `getProofBytes` of an {@link ApiClient} answers. */
export interface ProofBytes {
  readonly proof: Uint8Array
  /** sha-256 of the proof. */
  readonly digest: Digest
  readonly seat: number
}

/**
 * A client of an API server, for Node and browsers. Answers are checked too.
 * @example
 * const api = createApiClient({ url: 'http://127.0.0.1:8546', apiKey })
 * const { request } = await api.submitRequest({ program, inputs: { files: { public_inputs } }, maxRunTime: 60 })
 * @throws GevulotError from its methods: the code the server answered, or API_UNAVAILABLE
 */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const methods = Object.entries(ENDPOINTS).map(([name, endpoint]) => [
    name,
    (call: Readonly<Record<string, unknown>>, settings: ApiCallOptions = {}) => send(options, endpoint, call, settings),
  ])
  const putContent: ApiClient['putContent'] = async (content, { signal, onProgress } = {}) => {
    const digest = digestOf(content)
    const size = content.length
    const tell = putProgress({ ...(onProgress && { onProgress }) }, size)
    const isTold = onProgress !== undefined && size > 0 && !isPage()
    const type = { 'content-type': 'application/octet-stream' }
    // What lets a body be a stream is not in the types of a page.
    const body: RequestInit & { readonly duplex?: 'half' } = isTold
      ? // A stream does not say by itself how much is to come, and the server wants to know.
        { body: streamOf(content, tell), duplex: 'half', headers: { ...type, 'content-length': String(size) } }
      : { body: content as Uint8Array<ArrayBuffer>, headers: type }
    const request: RequestInit = { method: 'PUT', ...body, ...(signal && { signal }) }
    await ask(options, targetOf(options, `v1/content/${digest}`), request)
    tell(size)
    return { digest, size }
  }
  const getProofBytes: ApiClient['getProofBytes'] = async (call, { signal } = {}) => {
    const target = fill(options, ENDPOINTS.getProof, call).target
    const request = { headers: { accept: 'application/octet-stream' }, ...(signal && { signal }) }
    const answer = await exchange(options, target, request, async (response) => ({
      bytes: new Uint8Array(await response.arrayBuffer()),
      digest: response.headers.get(PROOF_DIGEST),
      seat: Number(response.headers.get(PROOF_SEAT)),
    }))
    const digest = digestOf(answer.bytes)
    if (digest === answer.digest) return { proof: answer.bytes, digest, seat: answer.seat }
    throw apiError('API_UNAVAILABLE', `${target.origin} gave a proof that is not the one it names`)
  }
  const byHand = { putContent, getProofBytes }
  return { ...(Object.fromEntries(methods) as Omit<ApiClient, keyof typeof byHand>), ...byHand }
}

/** Whether this is a page of a browser, or a worker of one. */
function isPage(): boolean {
  return 'document' in globalThis || 'WorkerGlobalScope' in globalThis
}

async function send(
  options: ApiClientOptions,
  endpoint: Endpoint,
  call: Readonly<Record<string, unknown>>,
  { signal, idempotencyKey }: ApiCallOptions,
): Promise<unknown> {
  const { target, body } = fill(options, endpoint, call)
  const hasBody = Object.keys(endpoint.body).length > 0
  const json = await ask(options, target, {
    method: endpoint.method,
    headers: {
      ...(hasBody && { 'content-type': 'application/json' }),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    },
    ...(hasBody && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  })
  const answer = endpoint.answer.safeParse(json)
  if (answer.success) return answer.data
  throw apiError('API_UNAVAILABLE', `${target.origin} gave an answer that is none of this API`, { cause: answer.error })
}

/** Puts what a call gives into path, query and body. */
function fill(options: ApiClientOptions, endpoint: Endpoint, call: Readonly<Record<string, unknown>>) {
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(call[name])))
  const target = targetOf(options, path.slice(1))
  const body: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(call)) {
    if (value === undefined || name in endpoint.params) continue
    if (name in endpoint.query) target.searchParams.set(name, `${value as string | number}`)
    else body[name] = value
  }
  return { target, body }
}

function targetOf({ url }: ApiClientOptions, path: string): URL {
  return new URL(path, url.endsWith('/') ? url : `${url}/`)
}

/** Sends a request. @returns The JSON of an answer that is no error. */
function ask(options: ApiClientOptions, target: URL, request: RequestInit): Promise<unknown> {
  return exchange(options, target, request, (response) => response.json())
}

/** Sends a request. @returns What `read` makes of an answer that is no error. */
async function exchange<Read>(
  { apiKey, fetch: fetchNow = fetch }: ApiClientOptions,
  target: URL,
  request: RequestInit,
  read: (response: Response) => Promise<Read>,
): Promise<Read> {
  let response: Response
  let refusal: unknown
  try {
    response = await fetchNow(target, {
      ...request,
      headers: {
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        ...(request.headers as Record<string, string>),
      },
    })
    if (response.ok) return await read(response)
    refusal = await response.json()
  } catch (cause) {
    request.signal?.throwIfAborted()
    throw apiError('API_UNAVAILABLE', `${target.origin} gave no answer`, { cause })
  }
  throw errorOf(refusal, response.status, target)
}

function errorOf(json: unknown, status: number, { origin }: URL): Error {
  const parsed = problem.safeParse(json)
  if (!parsed.success) return apiError('API_UNAVAILABLE', `${origin} answered ${status} without saying why`)
  const { code, hint, message, retryable } = parsed.data.error
  return new GevulotError(code, { hint, retryable }, message, { details: { status } })
}
