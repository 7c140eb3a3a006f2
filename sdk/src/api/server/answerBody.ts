import type { AppContext } from './AppContext.js'
import { cutConnection } from './cutConnection.js'

/** What ends a body before its last byte. */
export interface AnswerBodyOptions {
  /** Cut the connection when one of them is aborted: whoever waits for the rest learns that none comes. */
  readonly over: readonly AbortSignal[]
  /** Called once, when nothing is read any more. */
  readonly done: () => void
  /** Called before each chunk with its size, bytes. */
  readonly onChunk?: (bytes: number) => void
  /** Told why the source broke. */
  readonly onError?: (error: unknown) => void
}

type Chunks = Iterator<Uint8Array, unknown> | AsyncIterator<Uint8Array, unknown>

/** Bytes as an answer's body, read no faster than its reader takes them. */
export function answerBody(
  context: AppContext,
  chunks: Chunks,
  { over, done, onChunk, onError }: AnswerBodyOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let cut = (): void => undefined
  let isDone = false
  const finish = (): void => {
    if (isDone) return
    isDone = true
    // Signals live on, and must not keep the bytes in memory.
    for (const signal of over) signal.removeEventListener('abort', cut)
    done()
  }
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        cut = () => {
          finish()
          if (!cutConnection(context)) controller.error(over.find(({ aborted }) => aborted)?.reason)
        }
        // Not `AbortSignal.any`: Node.js 20 keeps a trace of every such signal as long as the one of the server lives.
        for (const signal of over) signal.addEventListener('abort', cut)
        if (over.some(({ aborted }) => aborted)) cut()
      },
      async pull(controller) {
        try {
          const next = await chunks.next()
          if (isDone) return
          if (next.done !== true) {
            onChunk?.(next.value.length)
            return controller.enqueue(next.value as Uint8Array<ArrayBuffer>)
          }
          controller.close()
          finish()
        } catch (error) {
          if (isDone) return
          finish()
          onError?.(error)
          if (!cutConnection(context)) controller.error(error)
        }
      },
      async cancel() {
        finish()
        await chunks.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
