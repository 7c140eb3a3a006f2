import { createHash } from 'node:crypto'
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { apiError } from '../../errors/codes/api.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { ChainIndex } from '../chainIndex/ChainIndex.js'
import type { Endpoint, Fields, Input } from '../contract/Endpoint.js'
import { ENDPOINTS } from '../contract/endpoints.js'
import { openApi } from '../contract/openApi.js'
import type { ApiKeys } from './ApiKeys.js'
import type { App, AppContext } from './AppContext.js'
import { callerAddress } from './callerAddress.js'
import { contentAnswer, type ContentAnswerOptions } from './contentAnswer.js'
import { allEvents, workloadEvents, type EventStreamOptions } from './eventStreams.js'
import type { ExplorerPage } from './ExplorerPage.js'
import { handlers, type Backend, type Caller } from './handlers.js'
import type { HeldAnswerOptions } from './heldAnswer.js'
import { proofAnswer } from './proofAnswer.js'
import type { RateLimiter } from './RateLimiter.js'
import { allowOrigins } from './origins.js'
import { sealedAnswer } from './sealedAnswer.js'
import { statusOf } from './statusOf.js'
import { upload } from './upload.js'

/** What {@link createApp} works with. */
export interface AppOptions extends EventStreamOptions, HeldAnswerOptions, ContentAnswerOptions {
  readonly keys: ApiKeys
  readonly limiter: RateLimiter
  readonly version: string
  /** Origins whose pages may call the API; `*` for any. */
  readonly origins: readonly string[]
  /** The explorer; undefined: only the API is served. */
  readonly page: ExplorerPage | undefined
  /** See {@link callerAddress}. */
  readonly behindProxy: boolean
  /** Milliseconds without anything new from the chain after which it is not ready. */
  readonly readyMs: number
}

const MAX_BODY_BYTES = 4 * 2 ** 20
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/

/** The HTTP interface. Whatever happens in it, the answer is JSON with a code and a hint, and nothing of the inside leaks. */
export function createApp(options: AppOptions): App {
  const { log, origins, version, backend, readyMs } = options
  const app: App = new Hono()
  app.onError((error, context) => problem(context, error, log))
  app.notFound((context) => problem(context, apiError('API_NOT_FOUND', 'there is nothing at this path'), log))
  app.use(async (context, next) => {
    await next()
    context.header('X-Content-Type-Options', 'nosniff')
  })
  app.get('/live', (context) => context.json({ live: true }))
  app.get('/ready', (context) => {
    const { head } = backend.index
    const why = obstaclesOf(backend.index, readyMs)
    const index = head === undefined ? null : { block: head.block, time: head.time }
    return context.json({ ready: why.length === 0, why, index }, why.length === 0 ? 200 : 503)
  })
  if (origins.length > 0) app.use('/v1/*', allowOrigins(origins))
  app.use('/v1/*', admission(options))
  // Has a limit of its own, and goes to the disk as it comes.
  app.put('/v1/content/:digest', (context) => upload(context, context.get('key'), backend))
  app.use(
    '/v1/*',
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw apiError('API_TOO_LARGE', `a body may have at most ${MAX_BODY_BYTES} bytes`)
      },
    }),
  )
  const document = openApi(version)
  app.get('/v1/openapi.json', (context) => context.json(document))
  for (const [name, endpoint] of Object.entries(ENDPOINTS) as [keyof typeof ENDPOINTS, Endpoint][]) {
    const path = endpoint.path.replace(/\{(\w+)\}/g, ':$1')
    app.on(endpoint.method, path, async (context) => {
      if (endpoint.key && context.get('key') === undefined) {
        throw apiError('API_UNAUTHORISED', 'this needs an API key')
      }
      const { input, bodyHash } = await read(endpoint, context)
      if (name === 'getProof') return proofAnswer(context, options, input as Input<(typeof ENDPOINTS)['getProof']>)
      if (name === 'getSealedProof')
        return sealedAnswer(context, options, input as Input<(typeof ENDPOINTS)['getSealedProof']>)
      // The schema of this very endpoint made the input.
      const handle = handlers[name] as (backend: Backend, input: unknown, caller: Caller) => Promise<unknown>
      const idempotencyKey = endpoint.idempotent ? idempotencyKeyOf(context) : undefined
      const answer = await handle(backend, input, { key: context.get('key'), idempotencyKey, bodyHash })
      context.header('Cache-Control', 'no-store')
      return context.json(answer as object, endpoint.status)
    })
  }
  app.get('/v1/workloads/:workload/events', (context) => workloadEvents(context, options))
  app.get('/v1/events', (context) => allEvents(context, options))
  app.get('/v1/content/:digest', (context) => contentAnswer(context, options))
  const { page } = options
  app.get('*', (context, next) => {
    const { path } = context.req
    const file = /^\/v1(\/|$)/.test(path) ? undefined : page?.at(path)
    return file === undefined ? next() : Promise.resolve(context.body(file.body, 200, file.headers))
  })
  return app
}

/** Why it cannot answer as it should: the same words as of the daemons. */
function obstaclesOf({ idleMs }: ChainIndex, readyMs: number): readonly string[] {
  if (idleMs === undefined) return ['chainUnread']
  return idleMs > readyMs ? ['chainUnseen'] : []
}

/** Who asks, and whether not too often: by key, or by address without one. */
function admission({ keys, limiter, backend, behindProxy }: AppOptions) {
  return async (context: AppContext, next: () => Promise<void>): Promise<void> => {
    const authorization = context.req.header('authorization')
    const key = await keys.find(authorization)
    const caller = key === undefined ? `address ${callerAddress(context, behindProxy)}` : `key ${key.id}`
    const wait = limiter.take(caller, backend.client.clock.now())
    if (wait > 0) throw apiError('API_RATE_LIMITED', 'too many requests', { details: { wait } })
    // A key that is wrong is told so, also where none is needed: the caller believes that it counts.
    if (authorization !== undefined && key === undefined) throw apiError('API_UNAUTHORISED', 'the API key is not valid')
    context.set('key', key)
    context.set('caller', caller)
    await next()
  }
}

/** Path, query and body, checked by the schema. */
async function read(endpoint: Endpoint, context: AppContext): Promise<{ input: object; bodyHash: string }> {
  const params = check(endpoint.params, context.req.param(), 'path')
  const queries = context.req.queries()
  const twice = Object.entries(queries).find(([, values]) => values.length > 1)
  if (twice !== undefined) throw apiError('API_REQUEST_INVALID', `query: ${twice[0]} is there more than once`)
  const query = check(endpoint.query, context.req.query(), 'query')
  if (Object.keys(endpoint.body).length === 0) return { input: { ...params, ...query }, bodyHash: '' }
  if (!/^application\/json(;|$)/i.test(context.req.header('content-type') ?? '')) {
    throw apiError('API_REQUEST_INVALID', 'the body must be application/json')
  }
  const text = await context.req.text()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw apiError('API_REQUEST_INVALID', 'the body is not JSON')
  }
  const bodyHash = createHash('sha256').update(text).digest('hex')
  return { input: { ...params, ...query, ...check(endpoint.body, json, 'body') }, bodyHash }
}

/** Compiled once, not for each request. */
const schemas = new WeakMap<Fields, z.ZodObject>()

function check(fields: Fields, value: unknown, place: string): object {
  const schema = schemas.get(fields) ?? z.strictObject(fields)
  schemas.set(fields, schema)
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = [place, ...(issue?.path ?? []).map(String)].join('.').slice(0, 200)
  throw apiError('API_REQUEST_INVALID', `${where}: ${issue?.message.slice(0, 200) ?? 'is wrong'}`)
}

function idempotencyKeyOf(context: AppContext): string | undefined {
  const text = context.req.header('idempotency-key')
  if (text !== undefined && !IDEMPOTENCY_KEY.test(text)) {
    throw apiError('API_REQUEST_INVALID', 'an Idempotency-Key has 1 to 128 visible characters of ASCII')
  }
  return text
}

function problem(context: Context, error: unknown, log: Logger): Response {
  const status = statusOf(error)
  // That others were first is no fault, and no reason to fill the log.
  if (status >= 500 && !GevulotError.is(error, 'API_BUSY'))
    log.error('a request failed', { stage: 'serve', path: context.req.path, error })
  const shown =
    error instanceof GevulotError && (status < 500 || error.retryable)
      ? error
      : apiError('API_INTERNAL', 'something went wrong; the log of the server says what')
  const { code, message, hint, retryable } = shown
  const wait = shown.details?.['wait']
  if (typeof wait === 'number') context.header('Retry-After', String(wait))
  // The body may not have been read to its end, so the connection cannot be used again.
  if (context.req.method !== 'GET') context.header('Connection', 'close')
  return context.json({ error: { code, message, hint, retryable } }, status)
}
