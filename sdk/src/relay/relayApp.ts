import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { callerAddress } from '../api/server/callerAddress.js'
import type { RateLimiter } from '../api/server/RateLimiter.js'
import type { Clock } from '../clock.js'
import { relayerError } from '../errors/codes/relayer.js'
import { GevulotError } from '../errors/GevulotError.js'
import type { Logger } from '../worker/log/Logger.js'
import type { RelayDesk } from './RelayDesk.js'
import { actionBody, MAX_BODY_BYTES, type ActionBody } from './wire.js'

/** What {@link relayApp} works with. */
export interface RelayAppOptions {
  readonly desk: RelayDesk
  /** By address, for everything that is not signed by an account the relay serves. */
  readonly limiter: RateLimiter
  readonly clock: Clock
  readonly log: Logger
  /** What GET /v1/relay tells. */
  readonly facts: object
  readonly isReady: () => boolean
  /** See {@link callerAddress}. */
  readonly behindProxy: boolean
}

type Status = 400 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503

const BY_CODE: Readonly<Record<string, Status>> = {
  RELAYER_REQUEST_INVALID: 400,
  RELAYER_TOO_LARGE: 413,
  RELAYER_NOT_FOUND: 404,
  RELAYER_ACCOUNT_UNKNOWN: 403,
  RELAYER_ACT_REFUSED: 403,
  RELAYER_SIGNATURE_INVALID: 403,
  RELAYER_DEADLINE_REFUSED: 422,
  RELAYER_LIMIT_REACHED: 429,
  RELAYER_RATE_LIMITED: 429,
  CONTRACT_NONCE_USED: 409,
  CHAIN_GAS_LIMIT_TOO_HIGH: 422,
  CHAIN_TRANSACTION_TOO_LARGE: 422,
}

/** The HTTP interface of a relay. Every answer is JSON with a code and a hint, and nothing of the inside leaks. */
export function relayApp(options: RelayAppOptions): Hono {
  const { desk, limiter, clock, log, facts, isReady, behindProxy } = options
  const app = new Hono()
  app.onError((error, context) => problem(context, error, log))
  app.notFound((context) => problem(context, relayerError('RELAYER_NOT_FOUND', 'there is nothing at this path'), log))
  app.use(async (context, next) => {
    await next()
    context.header('X-Content-Type-Options', 'nosniff')
    context.header('Cache-Control', 'no-store')
  })
  app.get('/live', (context) => context.json({ live: true }))
  app.get('/ready', (context) => context.json({ ready: isReady() }, isReady() ? 200 : 503))
  app.use('/v1/*', async (context: Context, next) => {
    const wait = limiter.take(callerAddress(context, behindProxy), clock.now())
    if (wait > 0) throw relayerError('RELAYER_RATE_LIMITED', 'too many requests', { details: { wait } })
    await next()
  })
  app.get('/v1/relay', (context) => context.json(facts))
  const onError = (): never => {
    throw relayerError('RELAYER_TOO_LARGE', `a body may have at most ${MAX_BODY_BYTES} bytes`)
  }
  app.post('/v1/actions', bodyLimit({ maxSize: MAX_BODY_BYTES, onError }), async (context) => {
    const taken = await desk.take(await read(context))
    return context.json(taken, taken.status === 'mined' ? 200 : 202)
  })
  return app
}

async function read(context: Context): Promise<ActionBody> {
  if (!/^application\/json(;|$)/i.test(context.req.header('content-type') ?? '')) {
    throw relayerError('RELAYER_REQUEST_INVALID', 'the body must be application/json')
  }
  let json: unknown
  try {
    json = JSON.parse(await context.req.text())
  } catch {
    throw relayerError('RELAYER_REQUEST_INVALID', 'the body is not JSON')
  }
  const result = actionBody.safeParse(json)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = ['body', ...(issue?.path ?? []).map(String)].join('.').slice(0, 200)
  throw relayerError('RELAYER_REQUEST_INVALID', `${where}: ${issue?.message.slice(0, 200) ?? 'is wrong'}`)
}

function problem(context: Context, error: unknown, log: Logger): Response {
  const isKnown = error instanceof GevulotError
  const code = isKnown ? error.code : ''
  const status: Status =
    BY_CODE[code] ??
    (code.startsWith('CONTRACT_') || code === 'CHAIN_REVERTED' ? 422 : isKnown && error.retryable ? 503 : 500)
  if (status >= 500) log.error('a request failed', { stage: 'serve', error })
  const shown =
    isKnown && status !== 500
      ? error
      : relayerError('RELAYER_INTERNAL', 'something went wrong; the log of the relay says what')
  const wait = shown.details?.['wait']
  if (typeof wait === 'number') context.header('Retry-After', String(wait))
  // The body may not have been read to its end, so the connection cannot be used again.
  context.header('Connection', 'close')
  const { message, hint, retryable } = shown
  return context.json({ error: { code: shown.code, message, hint, retryable } }, status)
}
