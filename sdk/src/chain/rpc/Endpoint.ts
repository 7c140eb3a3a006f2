import { FetchRequest, isError, makeError, type JsonRpcError, type JsonRpcPayload, type JsonRpcResult } from 'ethers'
import type { Clock } from '../../clock.js'
import type { AsideReason } from './EndpointState.js'
import { getUrl } from './getUrl.js'
import { worthOf } from './worthOf.js'

// An endpoint that fails is asked again soon; one that goes on failing, later each time.
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000
// What another one tells of events that were left out is worth longer ones.
const OMISSION_PAUSE_MS = 60_000
const LONGEST_OMISSION_PAUSE_MS = 30 * 60_000
/** After this time without another failure it counts as sound again. */
const FORGOTTEN_MS = 5 * 60_000

/** A JSON-RPC endpoint and what is known of its health. */
export class Endpoint {
  readonly name: string
  readonly failures = new Map<AsideReason, number>()
  /** Whether it has shown that it serves the right chain. */
  isProven: boolean
  /** Number of its newest block, when it was last looked at. */
  head: number | undefined
  /** Why it is set aside; undefined: it is not. */
  aside: AsideReason | undefined
  /** Milliseconds; until then it is left alone. */
  asideUntil = 0
  readonly #request: FetchRequest
  readonly #timeoutMs: number
  readonly #clock: Clock
  #strikes = 0

  /**
   * @param isAlone Whether there is no other: then a limit is waited for, and its chain is the caller's to check.
   */
  constructor(
    url: string,
    place: number,
    { timeoutMs, isAlone, clock }: { readonly timeoutMs: number; readonly isAlone: boolean; readonly clock: Clock },
  ) {
    this.#request = new FetchRequest(url)
    this.#request.timeout = timeoutMs
    this.#request.getUrlFunc = getUrl
    if (!isAlone) this.#request.retryFunc = async () => false
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.isProven = isAlone
    this.name = `${place} ${URL.canParse(url) ? new URL(url).host : 'endpoint'}`
  }

  get isUp(): boolean {
    return this.aside === undefined && this.isProven
  }

  /** Whether it answers, though it may be behind. */
  get answers(): boolean {
    return this.isProven && (this.aside === undefined || this.aside === 'behind')
  }

  /**
   * Asks everything in one request.
   * @param signal Breaks the request off.
   * @returns One answer for each call, in their order.
   * @throws Error of ethers, with a code, when there is no answer or not one for each
   */
  async post(
    calls: readonly JsonRpcPayload[],
    signal?: AbortSignal,
  ): Promise<readonly (JsonRpcResult | JsonRpcError)[]> {
    const request = this.#request.clone()
    request.body = JSON.stringify(calls.length === 1 ? calls[0] : calls)
    request.setHeader('content-type', 'application/json')
    const sent = request.send()
    // The time-out of the request itself begins anew with every byte.
    const done = new AbortController()
    void this.#clock.sleep(this.#timeoutMs, done.signal).then(
      () => request.cancel(),
      () => undefined,
    )
    const cancel = (): void => request.cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      const response = await sent
      const text = textOf(response.body)
      // Some say what is wrong with a question by the status too.
      if (response.statusCode === 429 || !text.includes('"jsonrpc"')) response.assertOk()
      const answers = [jsonOf(text)].flat() as readonly (JsonRpcResult | JsonRpcError | null)[]
      const byId = new Map(answers.map((answer) => [answer?.id, answer]))
      return calls.map(({ id }) => {
        const answer = byId.get(id)
        if (answer === undefined || answer === null)
          throw makeError('no answer to a call', 'BAD_DATA', { value: answers.slice(0, 1) })
        return answer
      })
    } finally {
      signal?.removeEventListener('abort', cancel)
      done.abort()
    }
  }

  /** Asks one thing. @throws Error also when the answer is an error */
  async read(method: string, params: readonly unknown[]): Promise<unknown> {
    const [answer] = await this.post([{ jsonrpc: '2.0', id: 1, method, params: [...params] }])
    if (answer !== undefined && !('error' in answer)) return answer.result
    const isLimited = answer !== undefined && worthOf(method, answer) === 'limited'
    throw makeError(`${method} is refused`, 'SERVER_ERROR', { request: method, info: { answer, isLimited } })
  }

  /**
   * Sets it aside, each time for longer.
   * @param now Milliseconds.
   * @returns Whether that is news.
   */
  fail(why: AsideReason, now: number): boolean {
    this.failures.set(why, (this.failures.get(why) ?? 0) + 1)
    const isNews = this.aside !== why
    // Many requests that fail together are one failure.
    if (this.aside !== undefined && now < this.asideUntil && why !== 'omits') return false
    if (now - this.asideUntil > FORGOTTEN_MS) this.#strikes = 0
    const [first, longest] =
      why === 'omits' ? [OMISSION_PAUSE_MS, LONGEST_OMISSION_PAUSE_MS] : [FIRST_PAUSE_MS, LONGEST_PAUSE_MS]
    this.aside = why
    this.asideUntil = now + Math.min(longest, first * 2 ** Math.min(this.#strikes++, 16))
    return isNews
  }
}

/** The text of an answer. The library would make a list of all its letters first, and of their numbers before that: many times its size. */
function textOf(body: Uint8Array | null): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body ?? undefined)
  } catch (cause) {
    throw makeError('the answer is no text', 'BAD_DATA', { value: body?.length, info: { cause } })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw makeError('the answer is no JSON', 'BAD_DATA', { value: text.length, info: { cause } })
  }
}

/** What an error of {@link Endpoint.post} says about the endpoint. */
export function reasonOf(error: unknown): AsideReason {
  if (isError(error, 'TIMEOUT') || isError(error, 'CANCELLED')) return 'slow'
  if (isError(error, 'SERVER_ERROR')) {
    return error.info?.['isLimited'] === true || /\b429\b/.test(error.message) ? 'limits' : 'broken'
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (/^E[A-Z]+$|^EAI_|^ERR_SSL|CERT/.test(code)) return 'unreachable'
  return 'garbled'
}
