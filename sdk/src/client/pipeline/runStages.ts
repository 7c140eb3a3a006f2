import { clientError } from '../../errors/codes/client.js'
import { needed, type Client } from '../Client.js'
import { proveWithin, type Attempt, type Escalation } from '../proveWithin.js'
import { publishInputs, type PublishedInputs } from '../publishInputs.js'
import type { AnyStage, RunPipelineOptions, StageResult } from './Pipeline.js'
import { encodeRecord, parseRecord, type PipelineRecord, type StageRecord } from './PipelineRecord.js'
import type { PipelineState } from './PipelineState.js'

/** One attempt, whatever it costs: the fee is the stage's own. */
const ONCE: Escalation = { attempts: 1, budget: 2n ** 128n }

/** Runs the stages of a pipeline; see `Pipeline.run`. */
export async function runStages(
  client: Client,
  stages: readonly AnyStage[],
  options: RunPipelineOptions,
): Promise<Record<string, StageResult>> {
  const { parallel = 8 } = options
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > 64)
    throw clientError('CLIENT_PARAMETER_INVALID', 'parallel is not a whole number from 1 to 64')
  const lock = await options.state?.lock?.()
  try {
    return await runWithBook(client, stages, await Book.open(client, stages, options.state), { ...options, parallel })
  } finally {
    await lock?.release()
  }
}

async function runWithBook(
  client: Client,
  stages: readonly AnyStage[],
  book: Book,
  options: RunPipelineOptions & { readonly parallel: number },
): Promise<Record<string, StageResult>> {
  const { signal, onProgress, parallel } = options
  const results: Record<string, StageResult> = {}
  const waiting = new Set(stages)
  const running = new Map<string, Promise<void>>()
  let failure: { readonly stage: string; readonly error: unknown } | undefined
  let broken: { readonly error: unknown } | undefined
  // What has begun is paid, and is waited for whatever its listener does: until then the state is nobody else's.
  const tell: NonNullable<RunPipelineOptions['onProgress']> = (progress) => {
    try {
      onProgress?.(progress)
    } catch (error) {
      broken ??= { error }
    }
  }

  const begin = (stage: AnyStage): void => {
    waiting.delete(stage)
    const done = runStage(client, stage, results, book, options).then(
      (result) => {
        results[stage.name] = result
        tell({ stage: stage.name, status: 'proven', workload: result.workload, proof: result })
      },
      (error: unknown) => {
        failure ??= { stage: stage.name, error }
        if (signal?.aborted !== true) tell({ stage: stage.name, status: 'failed', error })
      },
    )
    running.set(
      stage.name,
      done.finally(() => running.delete(stage.name)),
    )
  }
  for (;;) {
    if (failure === undefined && broken === undefined && signal?.aborted !== true) {
      const ready = [...waiting].filter(({ after = [] }) => after.every((name) => name in results))
      for (const stage of ready.slice(0, parallel - running.size)) begin(stage)
    }
    if (running.size === 0) break
    await Promise.race(running.values())
  }
  signal?.throwIfAborted()
  if (failure === undefined && broken !== undefined) throw broken.error
  if (failure === undefined) return results
  throw clientError('CLIENT_PIPELINE_FAILED', `the stage ${failure.stage} failed: ${messageOf(failure.error)}`, {
    cause: failure.error,
    details: { stage: failure.stage, proven: Object.keys(results), notBegun: [...waiting].map(({ name }) => name) },
  })
}

async function runStage(
  client: Client,
  stage: AnyStage,
  results: Readonly<Record<string, StageResult>>,
  book: Book,
  { signal, onProgress }: RunPipelineOptions,
): Promise<StageResult> {
  const { name, program, maxRunTime, redundancy, fee, escalation = ONCE } = stage
  const inputs = book.of(name)?.inputs ?? (await publish(client, stage, results, { signal, onProgress }))
  await book.note(name, { program, inputs })
  const earlier = book.of(name)?.attempts ?? []
  const { proof, workload } = await proveWithin(client, {
    ...{ program, maxRunTime, inputs, escalation, earlier },
    ...(redundancy !== undefined && { redundancy }),
    ...(fee !== undefined && { fee }),
    ...(signal && { signal }),
    onAttempt: (attempt, number) => book.attempt(name, attempt, number),
    onWorkload: (id, number) => onProgress?.({ stage: name, status: 'submitted', workload: id, attempt: number + 1 }),
  })
  return { ...proof, workload }
}

async function publish(
  client: Client,
  { name, after = [], inputs }: AnyStage,
  results: Readonly<Record<string, StageResult>>,
  { signal, onProgress }: { readonly signal?: AbortSignal | undefined; readonly onProgress?: RunPipelineOptions['onProgress'] }, // prettier-ignore
): Promise<PublishedInputs> {
  signal?.throwIfAborted()
  onProgress?.({ stage: name, status: 'publishing' })
  const needs = Object.fromEntries(after.map((each) => [each, results[each]])) as Record<string, StageResult>
  const spec = typeof inputs === 'function' ? await inputs(needs) : inputs
  return publishInputs(client, spec, { ...(signal && { signal }) })
}

/** The record of a run, kept before each act that it is about. */
class Book {
  #record: PipelineRecord
  readonly #state: PipelineState | undefined
  #tail: Promise<unknown> = Promise.resolve()

  private constructor(record: PipelineRecord, state: PipelineState | undefined) {
    this.#record = record
    this.#state = state
  }

  /** @throws GevulotError CLIENT_PIPELINE_CHANGED, CLIENT_PIPELINE_STATE_INVALID */
  static async open(client: Client, stages: readonly AnyStage[], state: PipelineState | undefined): Promise<Book> {
    const { chainId, addresses } = client.contracts
    const home = { chainId, market: addresses.market, account: needed(client, 'account', 'running a pipeline') }
    const text = await state?.load()
    if (text === undefined) return new Book({ ...home, stages: {} }, state)
    const record = parseRecord(text)
    for (const [what, value] of Object.entries(home)) {
      const kept = record[what as keyof typeof home]
      if (kept !== value) throw changed(`it was begun with ${what} ${kept}, and this client has ${value}`)
    }
    for (const [name, { program }] of Object.entries(record.stages)) {
      const stage = stages.find((each) => each.name === name)
      if (stage === undefined) throw changed(`it has begun a stage ${name}, which is none of this one`)
      if (stage.program.toLowerCase() !== program.toLowerCase())
        throw changed(`its stage ${name} runs the program ${program}`)
    }
    return new Book(record, state)
  }

  of(name: string): StageRecord | undefined {
    return this.#record.stages[name]
  }

  async note(name: string, begun: Omit<StageRecord, 'attempts'>): Promise<void> {
    if (this.of(name) === undefined) await this.#keep(name, () => ({ ...begun, attempts: [] }))
  }

  async attempt(name: string, attempt: Attempt, number: number): Promise<void> {
    await this.#keep(name, (stage) => ({ ...stage, attempts: [...stage.attempts.slice(0, number), attempt] }))
  }

  /** One after the other, so that what is kept last is the newest. */
  async #keep(name: string, change: (stage: StageRecord) => StageRecord): Promise<void> {
    const { stages } = this.#record
    const next = change(stages[name] as StageRecord)
    this.#record = { ...this.#record, stages: { ...stages, [name]: next } }
    const saved = this.#tail.then(() => this.#state?.save(encodeRecord(this.#record)))
    this.#tail = saved.catch(() => undefined)
    await saved
  }
}

function changed(why: string): Error {
  return clientError('CLIENT_PIPELINE_CHANGED', `the state belongs to another pipeline: ${why}`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
