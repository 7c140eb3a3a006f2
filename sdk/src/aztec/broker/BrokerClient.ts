import { z } from 'zod'
import type { Clock } from '../../clock.js'
import { aztecError } from '../../errors/codes/aztec.js'
import { GevulotError } from '../../errors/GevulotError.js'
import { RELEASE, type VersionHeaders } from '../protocol/release.js'
import { readBody } from '../../readBody.js'
import { assignment, jobStatus, type Assignment, type JobFilter, type JobStatus } from './wire.js'

/** Options of a {@link BrokerClient}. */
export interface BrokerClientOptions {
  /** Where the broker listens, for example http://127.0.0.1:8084. */
  readonly url: string
  readonly clock: Clock
  /** What the broker's version headers must say where it sends them; by default what {@link RELEASE} says. */
  readonly versions?: VersionHeaders
  /** Milliseconds for one request; default 20 000. */
  readonly timeoutMs?: number
  /** How often one call is tried; default 4. */
  readonly attempts?: number
  /** Milliseconds before the second try, doubled each time; default 250. */
  readonly retryDelayMs?: number
  /** The most bytes of one answer; default 64 MiB: the inputs of a virtual machine's job are 7. */
  readonly maxAnswerBytes?: number
  /** Told of every answer that is one. */
  readonly onAnswer?: () => void
}

interface Call {
  readonly method: string
  readonly params: readonly unknown[]
}

/** What was answered to one call. */
type Answer = { readonly result: unknown } | { readonly refusal: Error }

const envelope = z.object({
  id: z.number().nullish(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number().optional(), message: z.string().optional() }).optional(),
})
type Envelope = z.output<typeof envelope>

/** Mirrors the server's `maxBatchSize`. */
const MAX_BATCH = 100
const HEADER = 'x-aztec-'

/**
 * Speaks to Aztec's prover broker as an agent does: JSON-RPC 2.0 over HTTP, methods `proverBroker_*`. Every report may hand over another job;
 * what is not taken up is stranded until the broker's time-out. Every call is safe to repeat: the first report of a result wins, and a job whose
 * assignment was lost on the way is handed out again. Source: Aztec 4.1.2.
 *
 * Every method rejects with AZTEC_BROKER_UNAVAILABLE, AZTEC_BROKER_REFUSED, AZTEC_BROKER_ANSWER_INVALID or AZTEC_VERSION_MISMATCH, or with the
 * reason of `signal`.
 */
export class BrokerClient {
  readonly #options: Required<BrokerClientOptions>

  constructor(options: BrokerClientOptions) {
    this.#options = {
      versions: RELEASE,
      timeoutMs: 20_000,
      attempts: 4,
      retryDelayMs: 250,
      maxAnswerBytes: 64 * 2 ** 20,
      onAnswer: () => undefined,
      ...options,
    }
  }

  /** Asks for a job. */
  async getJob(filter: JobFilter, signal?: AbortSignal): Promise<Assignment | undefined> {
    return this.#assigned({ method: 'getProvingJob', params: [filter] }, signal)
  }

  /**
   * Says that jobs are being worked on.
   * @returns For each what the answer was: nothing, or another job in its place or beside it. Nothing too for one that is refused.
   */
  async reportProgress(
    jobs: readonly { readonly id: string; readonly startedAt: number }[],
    filter: JobFilter,
    signal?: AbortSignal,
  ): Promise<readonly (Assignment | undefined)[]> {
    const calls = jobs.map(({ id, startedAt }) => ({
      method: 'reportProvingJobProgress',
      params: [id, startedAt, filter],
    }))
    return this.#callEach(calls, assignmentOf, signal)
  }

  /** Reports a result. It is believed as it is, and the first one counts. */
  async reportSuccess(
    id: string,
    uri: string,
    filter: JobFilter,
    signal?: AbortSignal,
  ): Promise<Assignment | undefined> {
    return this.#assigned({ method: 'reportProvingJobSuccess', params: [id, uri, filter] }, signal)
  }

  /**
   * Reports that a job failed.
   * @param retry Whether somebody may try again: the third such report, or one with `false`, fails the whole epoch.
   */
  async reportError(
    id: string,
    message: string,
    retry: boolean,
    filter: JobFilter,
    signal?: AbortSignal,
  ): Promise<Assignment | undefined> {
    return this.#assigned({ method: 'reportProvingJobError', params: [id, message, retry, filter] }, signal)
  }

  /** What the broker says about jobs, in their order; undefined where it refuses to say. */
  async statusOf(ids: readonly string[], signal?: AbortSignal): Promise<readonly (JobStatus | undefined)[]> {
    const calls = ids.map((id) => ({ method: 'getProvingJobStatus', params: [id] }))
    return this.#callEach(calls, (result) => parsed(jobStatus, result), signal)
  }

  async #assigned(call: Call, signal: AbortSignal | undefined): Promise<Assignment | undefined> {
    const [answer] = await this.#request([call], false, signal)
    return answer && assignmentOf(resultIn(answer))
  }

  /** Makes calls in batches. One that is refused, or answered with nonsense, loses none of the others; all of them are an error. */
  async #callEach<T>(
    calls: readonly Call[],
    read: (result: unknown) => T,
    signal: AbortSignal | undefined,
  ): Promise<readonly (T | undefined)[]> {
    const results: (T | undefined)[] = []
    const refusals: unknown[] = []
    for (let at = 0; at < calls.length; at += MAX_BATCH) {
      for (const answer of await this.#request(calls.slice(at, at + MAX_BATCH), true, signal)) {
        try {
          results.push(read(resultIn(answer)))
        } catch (error) {
          results.push(undefined)
          refusals.push(error)
        }
      }
    }
    if (calls.length > 0 && refusals.length === calls.length) throw refusals[0]
    return results
  }

  async #request(calls: readonly Call[], batch: boolean, signal: AbortSignal | undefined): Promise<readonly Answer[]> {
    const { clock, attempts, retryDelayMs } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#send(calls, batch, signal)
      } catch (error) {
        signal?.throwIfAborted()
        if (!GevulotError.is(error, 'AZTEC_BROKER_UNAVAILABLE') || attempt >= attempts) throw error
        await clock.sleep(retryDelayMs * 2 ** (attempt - 1), signal)
      }
    }
  }

  async #send(calls: readonly Call[], batch: boolean, signal: AbortSignal | undefined): Promise<readonly Answer[]> {
    const { url, timeoutMs, maxAnswerBytes } = this.#options
    const requests = calls.map(({ method, params }, id) => ({
      ...{ jsonrpc: '2.0', id, method: `proverBroker_${method}`, params },
    }))
    const timeout = AbortSignal.timeout(timeoutMs)
    let response: Response
    let text: string
    try {
      response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(batch ? requests : requests[0]),
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      })
      text = (await readBody(response, maxAnswerBytes, tooLarge)).toString('utf8')
    } catch (cause) {
      signal?.throwIfAborted()
      if (cause instanceof GevulotError) throw cause
      throw aztecError('AZTEC_BROKER_UNAVAILABLE', `the broker does not answer ${calls[0]?.method ?? 'a call'}`, {
        cause,
      })
    }
    this.#checkVersions(response.headers)
    const answer = jsonOf(text, response.status)
    const list = batch && Array.isArray(answer) ? answer : [answer]
    const answers = answersOf(calls, list, response.status)
    const [only] = answers
    // What refuses a single call may pass: it is made again.
    if (!batch && only !== undefined) resultIn(only)
    this.#options.onAnswer()
    return answers
  }

  #checkVersions(headers: Headers): void {
    for (const [name, want] of Object.entries(this.#options.versions)) {
      const have = headers.get(`${HEADER}${name}`)
      if (have === null || have === want) continue
      throw aztecError(
        'AZTEC_VERSION_MISMATCH',
        `the broker's ${name} is ${have.slice(0, 120)}, the adapter's ${want}`,
        {
          details: { name, have: have.slice(0, 120), want },
        },
      )
    }
  }
}

/** The answer to each call. What refuses a whole batch names no call, and is thrown. */
function answersOf(calls: readonly Call[], list: readonly unknown[], status: number): readonly Answer[] {
  const envelopes = list.map((entry) => parsed(envelope, entry))
  return calls.map(({ method }, id) => {
    const own = envelopes.find((entry) => entry.id === id)
    if (own?.error !== undefined) return { refusal: refusal(method, own.error, status) }
    if (own !== undefined) return { result: own.result }
    const whole = envelopes.find((entry) => entry.error !== undefined && typeof entry.id !== 'number')?.error
    if (whole !== undefined) throw refusal(method, whole, status)
    throw aztecError('AZTEC_BROKER_ANSWER_INVALID', `the broker did not answer ${method}`)
  })
}

function resultIn(answer: Answer): unknown {
  if ('refusal' in answer) throw answer.refusal
  return answer.result
}

function refusal(method: string, { code, message = '' }: NonNullable<Envelope['error']>, status: number): Error {
  const details = { method, code, status }
  const said = message.slice(0, 500)
  // A server that is overloaded or behind a proxy that lost it; too large a body is neither.
  if (status >= 500 && !/too large/i.test(said)) {
    return aztecError('AZTEC_BROKER_UNAVAILABLE', `the broker failed at ${method}: ${said}`, { details })
  }
  return aztecError('AZTEC_BROKER_REFUSED', `the broker refused ${method}: ${said} (${code ?? status})`, { details })
}

function jsonOf(text: string, status: number): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const code = status >= 500 ? 'AZTEC_BROKER_UNAVAILABLE' : 'AZTEC_BROKER_ANSWER_INVALID'
    throw aztecError(code, `the broker answered ${status} and no JSON`, { cause })
  }
}

/** Nothing to do is an answer without a result. */
function assignmentOf(result: unknown): Assignment | undefined {
  return result === undefined || result === null ? undefined : parsed(assignment, result)
}

function parsed<T>(shape: z.ZodType<T>, value: unknown): T {
  const { success, data, error } = shape.safeParse(value)
  if (success) return data
  throw aztecError('AZTEC_BROKER_ANSWER_INVALID', 'the broker answered something else than its protocol says', {
    cause: error,
  })
}

function tooLarge(why: string): Error {
  return aztecError('AZTEC_BROKER_ANSWER_INVALID', why)
}
