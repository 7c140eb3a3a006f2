import type { Clock } from '../../clock.js'
import type { ContentSource } from '../../content/ContentStore.js'
import { parseDigest } from '../../content/digest.js'
import { apiError } from '../../errors/codes/api.js'
import type { Logger } from '../../worker/log/Logger.js'
import { answerBody } from './answerBody.js'
import type { AppContext } from './AppContext.js'
import type { Backend } from './handlers.js'
import type { Places } from './Places.js'

/** How slowly content may be taken. */
export interface ContentLimits {
  /** Milliseconds that are given whatever the rate is. */
  readonly graceMs: number
  /** Bytes a second, on the average of what came after it. */
  readonly leastRate: number
}

/** What answers with content are made with. */
export interface ContentAnswerOptions {
  readonly backend: Backend
  /** Serves what the proxy published, so that provers can fetch it here. */
  readonly content: ContentSource | undefined
  readonly contentPlaces: Places
  readonly contentLimits: ContentLimits
  readonly maxContentBytes: number
  readonly log: Logger
  /** Aborted when the server stops. */
  readonly stop: AbortSignal
}

/** Half a megabit a second: the inputs of an epoch, some megabytes, in about a minute. */
export const CONTENT_LIMITS: ContentLimits = { graceMs: 60_000, leastRate: 2 ** 16 }

/** Content by digest, checked while it is read. It lasts as long as its reader likes within {@link ContentLimits}, so it takes a place. */
export async function contentAnswer(
  context: AppContext,
  { backend, content: source, contentPlaces, contentLimits, maxContentBytes, log, stop }: ContentAnswerOptions,
): Promise<Response> {
  const text = context.req.param('digest') ?? ''
  if (source === undefined) throw apiError('API_NOT_FOUND', 'this server holds no content')
  const digest = parseDigest(/^[0-9a-f]{64}$/.test(text) ? `0x${text}` : text)
  if (!(await source.has(digest))) throw apiError('API_NOT_FOUND', `this server does not hold ${digest}`)
  const headers = { 'Content-Type': 'application/octet-stream', 'Content-Disposition': 'attachment' }
  // Nobody would read a body, nor leave it.
  if (context.req.method === 'HEAD') return context.body(null, 200, headers)
  const given = new AbortController()
  const leave = contentPlaces.take(context.get('caller'), context.get('key') !== undefined, () => given.abort())
  const ended = new AbortController()
  const pace = new Pace(contentLimits, backend.client.clock, ended.signal)
  const chunks = source.open(digest, { maxBytes: maxContentBytes, signal: ended.signal })[Symbol.asyncIterator]()
  const body = answerBody(context, chunks, {
    over: [stop, given.signal, pace.lost],
    done: () => {
      ended.abort()
      leave()
    },
    onChunk: (bytes) => pace.sent(bytes),
    onError: (error) => log.warn('content could not be sent to its end', { stage: 'serve', digest, error }),
  })
  return context.body(body, 200, headers)
}

/** Whether a reader keeps up. Each byte that is sent gives it more time, so a large one may take long and a standing one may not. */
class Pace {
  readonly #limits: ContentLimits
  readonly #clock: Clock
  readonly #lost = new AbortController()
  #deadline: number

  /** @param ended Aborted when it does not matter any more. */
  constructor(limits: ContentLimits, clock: Clock, ended: AbortSignal) {
    this.#limits = limits
    this.#clock = clock
    this.#deadline = clock.elapsed() + limits.graceMs
    void this.#watch(ended)
  }

  /** Aborted when it does not. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  sent(bytes: number): void {
    this.#deadline += (bytes / this.#limits.leastRate) * 1_000
  }

  async #watch(ended: AbortSignal): Promise<void> {
    for (let left = this.#limits.graceMs; left > 0; left = this.#deadline - this.#clock.elapsed()) {
      await this.#clock.sleep(left, ended).catch(() => undefined)
      if (ended.aborted) return
    }
    this.#lost.abort()
  }
}
