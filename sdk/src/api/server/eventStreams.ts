import { streamSSE } from 'hono/streaming'
import type { BlockRef } from '../../chain/followEvents.js'
import { toWorkloadId, type WorkloadId } from '../../chain/hex.js'
import { apiError } from '../../errors/codes/api.js'
import type { Logger } from '../../worker/log/Logger.js'
import type { AppContext } from './AppContext.js'
import { cutConnection } from './cutConnection.js'
import type { EventHub } from './EventHub.js'
import { framesOf } from './framesOf.js'
import type { Backend } from './handlers.js'
import type { Places } from './Places.js'

/** What streams of events are made with. */
export interface EventStreamOptions {
  readonly backend: Backend
  readonly hub: EventHub
  readonly streamPlaces: Places
  readonly log: Logger
  /** Aborted when the server stops: ends streams. */
  readonly stop: AbortSignal
}

const POSITION = /^(\d{1,10})\.(0x[0-9a-f]{64})$/

/** The events of a workload as server-sent events, until it is final. */
export async function workloadEvents(context: AppContext, options: EventStreamOptions): Promise<Response> {
  const workload = toWorkloadId(context.req.param('workload') ?? '')
  const position = positionOf(context.req.header('last-event-id'))
  // Unknown workloads end here: nobody is kept waiting for what never comes.
  const { readings } = options.backend
  await readings.read(workload)
  return stream(context, options, { id: workload, since: await readings.since(workload) }, position)
}

/** All events from now on, for ever. */
export function allEvents(context: AppContext, options: EventStreamOptions): Response {
  return stream(context, options, undefined, undefined)
}

function stream(
  context: AppContext,
  { hub, streamPlaces, stop, log }: EventStreamOptions,
  workload: { readonly id: WorkloadId; readonly since: number } | undefined,
  position: BlockRef | undefined,
): Response {
  // Nobody would read the body, nor leave it: it would be told of events for ever.
  if (context.req.method === 'HEAD') return context.body(null, 200, { 'Content-Type': 'text/event-stream' })
  const gone = new AbortController()
  const end = (): void => {
    gone.abort(new Error('others needed the place'))
    // A listener that does not read would not be told.
    cutConnection(context)
  }
  const giveBack = streamPlaces.take(context.get('caller'), context.get('key') !== undefined, end)
  const { signal } = gone
  const halt = (): void => gone.abort(stop.reason)
  // Not `AbortSignal.any`: Node.js 20 keeps a trace of every such signal as long as the one of the server lives.
  stop.addEventListener('abort', halt)
  if (stop.aborted) halt()
  return streamSSE(context, async (stream) => {
    stream.onAbort(() => gone.abort(new Error('the listener is gone')))
    try {
      for await (const update of hub.listen(workload, position, signal)) {
        if (update === undefined) {
          await stream.write(': alive\n\n')
          continue
        }
        await stream.write(framesOf(update))
        if (update.kind === 'reorg') continue
        if (workload !== undefined && update.events.some(({ name }) => name === 'Finished')) return
      }
    } catch (error) {
      if (!signal.aborted) log.warn('a stream of events ended', { stage: 'serve', error })
    } finally {
      stop.removeEventListener('abort', halt)
      giveBack()
    }
  })
}

function positionOf(text: string | undefined): BlockRef | undefined {
  if (text === undefined || text === '') return undefined
  const [, number, hash] = POSITION.exec(text) ?? []
  if (number === undefined || hash === undefined) {
    throw apiError('API_REQUEST_INVALID', 'Last-Event-ID is none of this server')
  }
  return { number: Number(number), hash }
}
