import { createHash } from 'node:crypto'

import { INLINE_PREFIX } from '../../../sdk/src/aztec/exchange/inlineExchange.js'
import { JOB_TYPES, type JobTypeName } from '../../../sdk/src/aztec/protocol/jobTypes.js'
import { RELEASE } from '../../../sdk/src/aztec/protocol/release.js'
import type { JobStatus, WireJob } from '../../../sdk/src/aztec/broker/wire.js'

/** Makes jobs as a prover node does, for any broker, the real one too. */
export class Producer {
  readonly #url: string
  #made = 0

  constructor(url: string) {
    this.#url = url
  }

  /** A job of a type that nobody has asked for before. */
  job(epoch: number, type: JobTypeName = 'PARITY_BASE'): WireJob {
    return jobOf(epoch, type, inputsOf(type, ++this.#made))
  }

  /** Asks for proofs. */
  async enqueue(...jobs: readonly WireJob[]): Promise<void> {
    for (const job of jobs) await this.#call('enqueueProvingJob', [job])
  }

  async status({ id }: Pick<WireJob, 'id'>): Promise<JobStatus> {
    return (await this.#call('getProvingJobStatus', [id])) as JobStatus
  }

  async cancel({ id }: WireJob): Promise<void> {
    await this.#call('cancelProvingJob', [id])
  }

  /** Another agent takes a job. */
  async take(type: JobTypeName): Promise<{ readonly job: WireJob; readonly time: number } | undefined> {
    return (await this.#call('getProvingJob', [{ allowList: [JOB_TYPES[type].type] }])) as never
  }

  /** Another agent's report. */
  async report(method: 'Progress' | 'Success' | 'Error', params: readonly unknown[]): Promise<unknown> {
    return this.#call(`reportProvingJob${method}`, params)
  }

  async #call(method: string, params: readonly unknown[]): Promise<unknown> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: `proverBroker_${method}`, params })
    const post = (): Promise<Response> =>
      fetch(this.#url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    // A connection of the pool may be one that a restarted broker has closed.
    const response = await post().catch(post)
    const answer = (await response.json()) as {
      readonly result?: unknown
      readonly error?: { readonly message: string }
    }
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`)
    return answer.result
  }
}

/** Serialized inputs of a type, each number another. */
export function inputsOf(type: JobTypeName, number: number): Uint8Array {
  switch (type) {
    case 'PARITY_BASE': {
      const bytes = Buffer.alloc(8_224)
      bytes.writeUInt32BE(number, 28)
      Buffer.from(RELEASE.l2CircuitsVkTreeRoot.slice(2), 'hex').copy(bytes, 8_192)
      return bytes
    }
    case 'PUBLIC_VM':
      return Buffer.from(JSON.stringify({ hints: { number }, publicInputs: {} }))
    case 'CHECKPOINT_PADDING_ROLLUP':
      return new Uint8Array()
    case 'PUBLIC_CHONK_VERIFIER': {
      const bytes = Buffer.alloc(304_090)
      bytes.writeUInt32BE(number, bytes.length - 4)
      return bytes
    }
    default:
      return createHash('sha256').update(`${type} ${number}`).digest()
  }
}

/** A job with its inputs inline. */
export function jobOf(epochNumber: number, type: JobTypeName, inputs: Uint8Array): WireJob {
  const { type: number } = JOB_TYPES[type]
  const id = `${epochNumber}:${type}:${createHash('sha256').update(inputs).digest('hex')}`
  const body =
    type === 'PUBLIC_VM' ? Buffer.from(inputs).toString() : JSON.stringify(Buffer.from(inputs).toString('base64'))
  return {
    id,
    type: number,
    epochNumber,
    inputsUri: INLINE_PREFIX + encodeURIComponent(`{"type":${number},"inputs":${body}}`),
  }
}

/** The JSON that a fulfilled status points to. */
export function resultIn(status: JobStatus): { readonly type: number; readonly result: unknown } {
  if (status.status !== 'fulfilled') throw new Error(`the job is ${status.status}`)
  if (!status.value.startsWith(INLINE_PREFIX)) throw new Error('the result is not inline')
  return JSON.parse(decodeURIComponent(status.value.slice(INLINE_PREFIX.length))) as never
}
