import { makeError, toQuantity, type JsonRpcError, type JsonRpcPayload, type JsonRpcResult } from 'ethers'
import { systemClock, type Clock } from '../../clock.js'
import { chainError } from '../../errors/codes/chain.js'
import { Endpoint, reasonOf } from './Endpoint.js'
import type { AsideReason, EndpointEvent, EndpointState } from './EndpointState.js'
import { worthOf } from './worthOf.js'

/** Options of an {@link EndpointPool}. */
export interface EndpointPoolOptions {
  /** Milliseconds until a request counts as failed; default 20 000. */
  readonly timeoutMs?: number
  /** Blocks by which an endpoint may be behind the others; default 10. */
  readonly lagBlocks?: number
  /** Milliseconds between two looks at all endpoints, made only while requests come; default 4 000. */
  readonly lookMs?: number
  readonly clock?: Clock
}

type Answer = JsonRpcResult | JsonRpcError

/** What nodes say to a transaction that they have. */
export const ALREADY_THERE = /already.?(?:known|imported|exists|in )|known transaction|existing tx/i
// Only what asks, and may be asked again elsewhere without harm.
const QUESTIONS = /^(?:eth_(?!send|sign)|net_|web3_)/

/**
 * Endpoints of one chain in order of preference. Requests go to the first that is sound, and within the same call to the next where it fails;
 * what fails, limits, lags or lies about its newest block is set aside, each time for longer, and comes back when it has shown its chain and a
 * block that is new enough. An endpoint is believed in what it says as far as one can be, never in what it leaves out.
 */
export class EndpointPool {
  /** Told what happens to endpoints where there are several. */
  onEvent: (event: EndpointEvent) => void = () => undefined
  readonly #endpoints: readonly Endpoint[]
  readonly #chainId: number
  readonly #options: EndpointPoolOptions
  readonly #clock: Clock
  #look: Promise<void> | undefined
  #nextLook = 0
  #current: Endpoint | undefined
  /** Turns, so that every other endpoint is asked for a second opinion. */
  #turn = 0

  /** @param urls At least one; the first is preferred. */
  constructor(urls: readonly string[], chainId: number, options: EndpointPoolOptions = {}) {
    const { timeoutMs = 20_000, clock = systemClock } = options
    const isAlone = urls.length === 1
    this.#endpoints = urls.map((url, index) => new Endpoint(url, index + 1, { timeoutMs, isAlone, clock }))
    this.#chainId = chainId
    this.#options = options
    this.#clock = clock
    this.#current = this.#endpoints[0]
  }

  /** Whether there is one endpoint only. */
  get isAlone(): boolean {
    return this.#endpoints.length === 1
  }

  /** How all of them stand, in their order. */
  get states(): readonly EndpointState[] {
    return this.#endpoints.map((endpoint) => {
      const { name, isUp, head, failures } = endpoint
      return { name, isUp, isCurrent: endpoint === this.#current, head, failures }
    })
  }

  /**
   * Asks all for their chain; those that do not answer are asked again later.
   * @throws GevulotError CHAIN_WRONG, which names the endpoint
   */
  async assertChain(): Promise<void> {
    if (this.isAlone) return
    await this.#lookAtAll()
    const wrong = this.#endpoints.find(({ aside }) => aside === 'wrongChain')
    if (wrong === undefined) return
    throw chainError('CHAIN_WRONG', `endpoint ${wrong.name} does not serve chain ${this.#chainId} of the deployment`, {
      details: { endpoint: wrong.name, want: this.#chainId },
    })
  }

  /**
   * Asks the current endpoint, and others for what it cannot answer.
   * @param signal Ends it, and the request that is under way.
   * @throws Error of ethers when none of them answers; the reason of `signal`
   */
  async ask(calls: readonly JsonRpcPayload[], signal?: AbortSignal): Promise<Answer[]> {
    const answers = new Map<number, Answer>()
    let open = calls
    let failure: Error | undefined
    let isServed = false
    for (const endpoint of await this.#candidates()) {
      signal?.throwIfAborted()
      try {
        const got = await endpoint.post(open, signal)
        const worth = open.map(({ method }, index) => worthOf(method, got[index] as Answer))
        open = open.filter(({ id, method }, index) => {
          const answer = got[index] as Answer
          // "Not there" is worth more than an error, which may be about the endpoint.
          const before = answers.get(id)
          if (before === undefined || 'error' in before || !('error' in answer)) answers.set(id, answer)
          return worth[index] !== 'answer' && QUESTIONS.test(method)
        })
        const limits = worth.includes('limited')
        if (limits) this.#setAside(endpoint, 'limits')
        else if (!endpoint.isUp && endpoint.aside !== 'behind') this.#takeBack(endpoint)
        // Whoever is asked only for what this one does not know is not the one that is followed.
        if (!limits && !isServed) this.#use(endpoint)
        isServed ||= !limits
      } catch (error) {
        // It was broken off here, which says nothing of the endpoint.
        signal?.throwIfAborted()
        failure = error as Error
        this.#setAside(endpoint, reasonOf(error))
        open = open.filter(({ method }) => QUESTIONS.test(method))
      }
      if (open.length === 0) break
    }
    const missing = calls.find(({ id }) => !answers.has(id))
    if (missing !== undefined) throw failure ?? none(missing.method)
    return calls.map(({ id }) => answers.get(id) as Answer)
  }

  /** Sends a signed transaction to every endpoint that answers; whoever takes it, or has it, is enough. */
  async broadcast(call: JsonRpcPayload): Promise<Answer> {
    const [first] = await this.#candidates()
    const all = this.#endpoints.filter((endpoint) => endpoint.answers)
    const asked = all.length > 0 ? all : first === undefined ? [] : [first]
    const refusals: Answer[] = []
    const failures: Error[] = []
    const taken = asked.map(async (endpoint) => {
      const [answer] = await endpoint.post([call]).catch((error: Error) => {
        this.#setAside(endpoint, reasonOf(error))
        failures.push(error)
        throw error
      })
      if (answer !== undefined && !('error' in answer)) return answer
      const text = JSON.stringify(answer?.error)
      if (answer === undefined || worthOf(call.method, answer) === 'limited') this.#setAside(endpoint, 'limits')
      else if (!ALREADY_THERE.test(text)) refusals.push(answer)
      else return { id: call.id, result: null }
      throw makeError('a transaction was not taken', 'SERVER_ERROR', { request: call.method, info: { text } })
    })
    try {
      return await Promise.any(taken)
    } catch {
      // Only what all have refused was refused: one that was not heard of may have taken it.
      const [refusal] = refusals
      if (refusal !== undefined && refusals.length === asked.length) return refusal
      throw failures[0] ?? none(call.method)
    }
  }

  /** Asks all for a number that only grows, an account's nonce: one that lags, and one alone that boasts among several, are not believed. */
  async highest(call: JsonRpcPayload): Promise<Answer> {
    await this.#candidates()
    const asked = this.#endpoints.filter((endpoint) => endpoint.isUp)
    let answers = await Promise.all(
      asked.map(async (endpoint) => {
        try {
          const [answer] = await endpoint.post([call])
          if (answer !== undefined && !('error' in answer)) return { endpoint, number: Number(answer.result) }
          if (answer !== undefined && worthOf(call.method, answer) === 'limited') this.#setAside(endpoint, 'limits')
        } catch (error) {
          this.#setAside(endpoint, reasonOf(error))
        }
        return { endpoint, number: NaN }
      }),
    )
    answers = answers.filter(({ number }) => Number.isSafeInteger(number))
    const numbers = answers.map(({ number }) => number)
    if (answers.length === 2 && Math.max(...numbers) > Math.min(...numbers) + this.#lag) {
      // Neither is outvoted, but their newest blocks tell more; those of a look that began before may be older than this.
      await this.#look
      await this.#lookAtAll()
      answers = answers.filter(({ endpoint }) => endpoint.isUp)
    }
    const best = reference(answers.map(({ number }) => number))
    if (best === undefined) return (await this.ask([call]))[0] as Answer
    return { id: call.id, result: toQuantity(best) }
  }

  /**
   * A second opinion: asks one of the others, in turns.
   * @returns The answer and how to say that the current endpoint left something out; undefined where no other one answers.
   */
  async askAnother(
    method: string,
    params: readonly unknown[],
  ): Promise<{ readonly result: unknown; readonly blame: () => void } | undefined> {
    if (this.isAlone) return undefined
    const asked = this.#current
    const others = this.#endpoints.filter((endpoint) => endpoint !== asked && endpoint.answers)
    const turn = this.#turn++
    for (let index = 0; index < others.length; index++) {
      const other = others[(turn + index) % others.length]
      if (other === undefined) continue
      try {
        const result = await other.read(method, params)
        return { result, blame: () => asked && this.#setAside(asked, 'omits') }
      } catch (error) {
        // A refusal may be about this question alone, such as too many logs.
        if (reasonOf(error) !== 'broken') this.#setAside(other, reasonOf(error))
      }
    }
    return undefined
  }

  /** Those to ask, in order: the sound ones, and one of the others in case none of them answers. */
  async #candidates(): Promise<readonly Endpoint[]> {
    if (!this.isAlone && this.#clock.elapsed() >= this.#nextLook) void this.#lookAtAll()
    if (!this.#endpoints.some(({ isProven }) => isProven)) await this.#lookAtAll()
    const up = this.#endpoints.filter(({ isUp }) => isUp)
    const last = this.#endpoints
      .filter(({ isUp, isProven }) => !isUp && isProven)
      .sort((a, b) => Number(b.answers) - Number(a.answers) || a.asideUntil - b.asideUntil)
    return [...up, ...last.slice(0, 1)]
  }

  /** Looks at the newest blocks of all that are not left alone; one look at a time. */
  #lookAtAll(): Promise<void> {
    this.#look ??= this.#compare().finally(() => {
      this.#look = undefined
      this.#nextLook = this.#clock.elapsed() + (this.#options.lookMs ?? 4_000)
    })
    return this.#look
  }

  async #compare(): Promise<void> {
    const now = this.#clock.elapsed()
    const due = this.#endpoints.filter(({ aside, asideUntil }) => aside === undefined || now >= asideUntil)
    const seen = (await Promise.all(due.map((endpoint) => this.#headOf(endpoint)))).filter((each) => each !== undefined)
    const lag = this.#lag
    const [first, second] = [...seen].sort((a, b) => b.head - a.head)
    const isAhead = first !== undefined && second !== undefined && first.head > second.head + lag
    // Two others outvote it; one alone may be what lags, unless it has not got its own block.
    const boasts = isAhead && (seen.length > 2 || !(await hasBlock(first.endpoint, first.head)))
    if (boasts) this.#setAside(first.endpoint, 'ahead')
    const best = (boasts ? second.head : reference(seen.map(({ head }) => head))) ?? 0
    for (const { endpoint, head } of seen) {
      if (boasts && endpoint === first.endpoint) continue
      if (head + lag < best) this.#setAside(endpoint, 'behind')
      else this.#takeBack(endpoint)
    }
  }

  get #lag(): number {
    return this.#options.lagBlocks ?? 10
  }

  async #headOf(endpoint: Endpoint): Promise<{ readonly endpoint: Endpoint; readonly head: number } | undefined> {
    try {
      // Whatever is behind a name may have changed while it was away.
      if (!endpoint.isUp && Number(await endpoint.read('eth_chainId', [])) !== this.#chainId) {
        endpoint.isProven = false
        this.#setAside(endpoint, 'wrongChain')
        return undefined
      }
      const block = (await endpoint.read('eth_getBlockByNumber', ['latest', false])) as {
        readonly number?: unknown
      } | null
      const head = Number(block?.number)
      if (!Number.isSafeInteger(head)) throw makeError('no newest block', 'BAD_DATA', { value: block })
      endpoint.head = head
      endpoint.isProven = true
      return { endpoint, head }
    } catch (error) {
      this.#setAside(endpoint, reasonOf(error))
      return undefined
    }
  }

  #setAside(endpoint: Endpoint, why: AsideReason): void {
    const now = this.#clock.elapsed()
    const isNews = endpoint.fail(why, now)
    if (!isNews || this.isAlone) return
    const seconds = Math.round((endpoint.asideUntil - now) / 1000)
    this.onEvent({ kind: 'aside', endpoint: endpoint.name, why, seconds })
  }

  #takeBack(endpoint: Endpoint): void {
    if (endpoint.aside === undefined || (endpoint.aside === 'omits' && this.#clock.elapsed() < endpoint.asideUntil))
      return
    endpoint.aside = undefined
    if (!this.isAlone) this.onEvent({ kind: 'back', endpoint: endpoint.name })
  }

  #use(endpoint: Endpoint): void {
    if (endpoint === this.#current) return
    this.#current = endpoint
    this.onEvent({ kind: 'switch', endpoint: endpoint.name })
  }
}

/** The highest number; of three or more the highest that two of them have reached. */
function reference(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => b - a)
  return sorted[sorted.length >= 3 ? 1 : 0]
}

async function hasBlock(endpoint: Endpoint, number: number): Promise<boolean> {
  return endpoint.read('eth_getBlockByNumber', [toQuantity(number), false]).then(
    (block) => block !== null,
    () => false,
  )
}

function none(method: string): Error {
  return makeError('no endpoint answers', 'SERVER_ERROR', { request: method })
}
