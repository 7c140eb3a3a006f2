import type { Clock } from '../../clock.js'
import { apiError } from '../../errors/codes/api.js'
import { readBody } from '../../readBody.js'

/** How often a call that came too soon is made again. */
const TRIES = 5
const LONGEST_WAIT_SECONDS = 30
const TIMEOUT_MS = 60_000
/** A bundle of the largest results, in base64. */
const MAX_ANSWER_BYTES = 96 * 2 ** 20

/**
 * A `fetch` for an API server: waits as long as the server asks for (`Retry-After`), and is bounded in the time and the bytes of an answer. The key
 * that it carries goes to no other place.
 */
export function patientFetch(clock: Clock): typeof fetch {
  return async (target, request = {}) => {
    for (let tries = 1; ; tries++) {
      const timeout = AbortSignal.timeout(TIMEOUT_MS)
      const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout
      const response = await fetch(target, { ...request, redirect: 'error', signal })
      const wait = Number(response.headers.get('retry-after') ?? NaN)
      if (response.status !== 429 || !(wait <= LONGEST_WAIT_SECONDS) || tries >= TRIES) {
        const { status, headers } = response
        const tooLarge = (why: string): Error => apiError('API_UNAVAILABLE', why)
        return new Response(new Uint8Array(await readBody(response, MAX_ANSWER_BYTES, tooLarge)), { status, headers })
      }
      await response.body?.cancel()
      await clock.sleep(wait * 1000, request.signal ?? undefined)
    }
  }
}
