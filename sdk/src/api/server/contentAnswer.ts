import type { ContentSource } from '../../content/ContentStore.js'
import { parseDigest } from '../../content/digest.js'
import { apiError } from '../../errors/codes/api.js'
import type { AppContext } from './AppContext.js'
import type { Places } from './Places.js'

/** What answers with content are made with. */
export interface ContentAnswerOptions {
  /** Serves what the proxy published, so that provers can fetch it here. */
  readonly content: ContentSource | undefined
  readonly contentPlaces: Places
  readonly maxContentBytes: number
  /** Aborted when the server stops. */
  readonly stop: AbortSignal
}

/** Content by digest, checked while it is read. It lasts as long as its reader likes, so it takes a place. */
export async function contentAnswer(
  context: AppContext,
  { content: source, contentPlaces, maxContentBytes, stop }: ContentAnswerOptions,
): Promise<Response> {
  const text = context.req.param('digest') ?? ''
  if (source === undefined) throw apiError('API_NOT_FOUND', 'this server holds no content')
  const digest = parseDigest(/^[0-9a-f]{64}$/.test(text) ? `0x${text}` : text)
  if (!(await source.has(digest))) throw apiError('API_NOT_FOUND', `this server does not hold ${digest}`)
  const headers = { 'Content-Type': 'application/octet-stream', 'Content-Disposition': 'attachment' }
  // Nobody would read a body, nor leave it.
  if (context.req.method === 'HEAD') return context.body(null, 200, headers)
  const leave = contentPlaces.take(context.get('caller'), context.get('key') !== undefined)
  const signal = AbortSignal.any([context.req.raw.signal, stop])
  const chunks = source.open(digest, { maxBytes: maxContentBytes, signal })[Symbol.asyncIterator]()
  return context.body(streamOf(chunks, leave), 200, headers)
}

/** @param leave Called when nothing is read any more: at the end, when it broke, or when its reader is gone. */
function streamOf(chunks: AsyncIterator<Uint8Array>, leave: () => void) {
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        try {
          const next = await chunks.next()
          if (next.done !== true) return controller.enqueue(next.value as Uint8Array<ArrayBuffer>)
          controller.close()
          leave()
        } catch (error) {
          leave()
          throw error
        }
      },
      async cancel() {
        leave()
        await chunks.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
