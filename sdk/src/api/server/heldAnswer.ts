import { apiError } from '../../errors/codes/api.js'
import { answerBody } from './answerBody.js'
import type { AppContext } from './AppContext.js'
import type { Pieces } from './base64Json.js'
import type { Places } from './Places.js'
import type { Proofs } from './Proofs.js'

/** What answers with proofs are made with. */
export interface HeldAnswerOptions {
  readonly proofs: Proofs
  readonly proofPlaces: Places
  /** Milliseconds to take an answer: whoever reads no faster holds the memory of others. */
  readonly proofSendMs: number
  /** Aborted when the server stops. */
  readonly stop: AbortSignal
}

/** What is in memory for an answer. */
export interface Held {
  readonly body: Pieces
  readonly headers: Readonly<Record<string, string>>
  /** Gives the memory back. */
  readonly giveBack: () => void
}

/** An answer out of memory that is given back when it was read, when its reader is gone, or when that takes too long. */
export async function heldAnswer(
  context: AppContext,
  { proofPlaces, proofSendMs, stop }: HeldAnswerOptions,
  hold: () => Promise<Held>,
): Promise<Response> {
  const given = new AbortController()
  const leave = proofPlaces.take(context.get('caller'), context.get('key') !== undefined, () => given.abort())
  try {
    const { body, headers: own, giveBack } = await hold()
    const done = (): void => {
      giveBack()
      leave()
    }
    const headers = { 'Cache-Control': 'no-store', 'Content-Length': String(body.length), ...own }
    if (given.signal.aborted) {
      giveBack()
      throw apiError('API_BUSY', 'others needed the place', { details: { wait: 1 } })
    }
    if (context.req.method === 'HEAD') {
      // Nobody would read a body, nor leave it.
      done()
      return context.body(null, 200, headers)
    }
    const over = [stop, given.signal, AbortSignal.timeout(proofSendMs)]
    return context.body(answerBody(context, body.chunks, { over, done }), 200, headers)
  } catch (error) {
    leave()
    throw error
  }
}
