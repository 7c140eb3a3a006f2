import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { JOB_TYPES, type JobTypeFacts } from '../../../sdk/src/aztec/protocol/jobTypes.js'
import { RELEASE } from '../../../sdk/src/aztec/protocol/release.js'
import type { JobStatus, WireJob } from '../../../sdk/src/aztec/broker/wire.js'

/** Options of a {@link BrokerDouble}; the defaults are those of Aztec's broker, but for the time-outs. */
export interface BrokerDoubleOptions {
  readonly jobTimeoutMs?: number
  readonly maxRetries?: number
  readonly epochsKept?: number
  readonly maxBodyBytes?: number
}

interface Progress {
  startedAt: number
  /** By the broker's sweeps. */
  updatedAt: number
}

type Params = readonly unknown[]

const TYPES = Object.values<JobTypeFacts>(JOB_TYPES)
/** The root first, parity last. */
const PRIORITY = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 0, 1, 17, 16]
const SWEEP_MS = 50

class RpcError extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * What Aztec's prover broker does, on loopback: JSON-RPC, its queues, time-outs and sweeps, and that it believes every report. Written from its
 * documented behaviour; the cases that run against it run against the real one too (`npm run test:aztec`).
 */
export class BrokerDouble {
  /** What a caller said, in order: method and first parameters. */
  readonly calls: { readonly method: string; readonly params: Params }[] = []
  /** Headers of every answer. */
  readonly headers: Record<string, string> = Object.fromEntries(
    Object.entries(RELEASE).map(([name, value]) => [`x-aztec-${name}`, value]),
  )
  /** Ids of jobs about which nothing is said but an error. */
  readonly refused = new Set<string>()
  /** Answers in place of the broker's own, each used once: a body, or null for a cut connection. */
  readonly faults: (string | null)[] = []
  readonly #options: Required<BrokerDoubleOptions>
  readonly #jobs = new Map<string, WireJob>()
  readonly #results = new Map<string, JobStatus>()
  readonly #progress = new Map<string, Progress>()
  readonly #retries = new Map<string, number>()
  #queue: string[] = []
  #epoch = 0
  #server: Server | undefined
  #port = 0
  #sweep: NodeJS.Timeout | undefined
  /** Milliseconds, by its sweeps. They are in one process with the agents: while that is held up, no agent can say that it lives, and no job times out. */
  #swept = 0

  constructor(options: BrokerDoubleOptions = {}) {
    this.#options = { jobTimeoutMs: 1_500, maxRetries: 3, epochsKept: 1, maxBodyBytes: 2 ** 24, ...options }
  }

  /** Starts listening; after {@link stop} at the same port. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    this.#sweep = setInterval(() => this.#tidy(), SWEEP_MS)
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Stops listening; what it knows stays. */
  async stop(): Promise<void> {
    clearInterval(this.#sweep)
    const closed = new Promise<void>((resolve) => this.#server?.close(() => resolve()))
    this.#server?.closeAllConnections()
    await closed
  }

  /** Forgets everything, as a broker does that lost its database. */
  forget(): void {
    for (const map of [this.#jobs, this.#results, this.#progress, this.#retries]) map.clear()
    this.#queue = []
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat((await request.toArray()) as Buffer[])
    const fault = this.faults.shift()
    if (fault === null) return void request.socket.destroy()
    if (fault !== undefined) return this.#answer(response, 200, fault)
    if (body.length > this.#options.maxBodyBytes) {
      const error = { code: -32600, message: 'request entity too large' }
      return this.#answer(response, 500, JSON.stringify({ jsonrpc: '2.0', id: null, error }))
    }
    const asked = JSON.parse(body.toString()) as RpcCall | RpcCall[]
    if (Array.isArray(asked)) return this.#answer(response, 200, JSON.stringify(asked.map((call) => this.#call(call))))
    const answer = this.#call(asked)
    this.#answer(response, 'error' in answer ? 400 : 200, JSON.stringify(answer))
  }

  #answer(response: ServerResponse, status: number, body: string): void {
    response.writeHead(status, { 'content-type': 'application/json', ...this.headers }).end(body)
  }

  #call({ id, method, params }: RpcCall): { readonly id: number; readonly error?: object; readonly result?: unknown } {
    const name = method.replace(/^proverBroker_/, '')
    const act = method.startsWith('proverBroker_') ? this.#methods[name] : undefined
    if (act === undefined) return { id, error: { code: -32601, message: `Method not found: ${method}` } }
    this.calls.push({ method: name, params })
    try {
      if (this.refused.has(String(params[0]))) throw new RpcError(-32702, 'internal error')
      return { id, result: act(params) }
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      return { id, error: { code: error.code, message: error.message } }
    }
  }

  readonly #methods: Readonly<Record<string, (params: Params) => unknown>> = {
    getProvingJob: ([filter]) => this.#next(filter),
    enqueueProvingJob: ([job]) => this.#enqueue(job as WireJob),
    getProvingJobStatus: ([id]) => this.#status(id as string),
    cancelProvingJob: ([id]) => void this.#settle(id as string, { status: 'rejected', reason: 'Aborted' }),
    reportProvingJobProgress: ([id, startedAt, filter]) => this.#beat(id as string, startedAt as number, filter),
    reportProvingJobSuccess: ([id, value, filter]) => {
      const isNew = this.#settle(id as string, { status: 'fulfilled', value: value as string })
      return isNew ? this.#next(filter) : undefined
    },
    reportProvingJobError: ([id, message, retry, filter]) =>
      this.#fail(id as string, String(message), retry === true, filter),
  }

  #enqueue(job: WireJob): JobStatus {
    const before = this.#status(job.id)
    const known = this.#jobs.get(job.id)
    if (known !== undefined) {
      if (known.inputsUri !== job.inputsUri) throw new RpcError(-32702, 'Duplicate proving job ID')
      return before
    }
    if (job.epochNumber < this.#epoch - this.#options.epochsKept) {
      throw new RpcError(-32702, `Epoch too old: job epoch ${job.epochNumber}, current epoch: ${this.#epoch}`)
    }
    this.#jobs.set(job.id, job)
    this.#queue.push(job.id)
    this.#epoch = Math.max(this.#epoch, job.epochNumber)
    return before
  }

  #status(id: string): JobStatus {
    if (!this.#jobs.has(id)) return { status: 'not-found' }
    return this.#results.get(id) ?? { status: this.#progress.has(id) ? 'in-progress' : 'in-queue' }
  }

  /** A filter without types means all of them. */
  #next(filter: unknown): object | undefined {
    const { allowList = [] } = (filter ?? {}) as { readonly allowList?: readonly number[] }
    if (allowList.some((type) => !TYPES.some((known) => known.type === type)))
      throw new RpcError(-32701, 'Invalid enum value')
    const free = this.#queue.flatMap((id) => {
      const job = this.#jobs.get(id)
      const isFree = job !== undefined && !this.#progress.has(id) && !this.#results.has(id)
      return isFree && (allowList.length === 0 || allowList.includes(job.type)) ? [job] : []
    })
    const rank = ({ type }: WireJob): number => PRIORITY.indexOf(type)
    const [job] = free.sort((a, b) => rank(a) - rank(b) || a.epochNumber - b.epochNumber)
    if (job === undefined) return undefined
    const time = Date.now()
    this.#queue = this.#queue.filter((id) => id !== job.id)
    this.#progress.set(job.id, { startedAt: time, updatedAt: this.#swept })
    return { job, time }
  }

  #beat(id: string, startedAt: number, filter: unknown): object | undefined {
    if (!this.#jobs.has(id) || this.#results.has(id)) return this.#next(filter)
    const progress = this.#progress.get(id)
    if (progress !== undefined && startedAt > progress.startedAt) return this.#next(filter)
    this.#progress.set(id, { startedAt, updatedAt: this.#swept })
    return undefined
  }

  #fail(id: string, reason: string, retry: boolean, filter: unknown): object | undefined {
    if (!this.#jobs.has(id)) return undefined
    this.#progress.delete(id)
    const retries = this.#retries.get(id) ?? 0
    if (retry && retries + 1 < this.#options.maxRetries && !this.#results.has(id)) {
      // The caller gets another job, not the one that failed.
      const next = this.#next(filter)
      this.#retries.set(id, retries + 1)
      this.#queue.push(id)
      return next
    }
    this.#settle(id, { status: 'rejected', reason })
    return this.#next(filter)
  }

  /** The first report counts, whoever makes it and whatever it says. */
  #settle(id: string, result: JobStatus): boolean {
    this.#progress.delete(id)
    if (!this.#jobs.has(id) || this.#results.has(id)) return false
    this.#results.set(id, result)
    return true
  }

  #tidy(): void {
    this.#swept += SWEEP_MS
    for (const [id, { epochNumber }] of this.#jobs) {
      if (epochNumber >= this.#epoch - this.#options.epochsKept) continue
      for (const map of [this.#jobs, this.#results, this.#progress, this.#retries]) map.delete(id)
    }
    for (const [id, { updatedAt }] of this.#progress) {
      if (this.#swept - updatedAt < this.#options.jobTimeoutMs) continue
      this.#progress.delete(id)
      this.#queue.push(id)
    }
  }
}

interface RpcCall {
  readonly id: number
  readonly method: string
  readonly params: Params
}
