import type { Hex, WorkloadId } from '../../chain/hex.js'
import type { InputsSpec } from '../../content/buildInputs.js'
import { clientError } from '../../errors/codes/client.js'
import type { Client } from '../Client.js'
import type { Proof } from '../fetchProof.js'
import type { Escalation } from '../proveWithin.js'
import type { PipelineState } from './PipelineState.js'
import { runStages } from './runStages.js'

/** What a stage brings. */
export interface StageResult extends Proof {
  readonly workload: WorkloadId
}

/** One workload of a pipeline. `After` are the names of the stages it waits for. */
export interface Stage<After extends string> {
  readonly program: Hex
  /** Seconds from the draw until commits close, 1 to 86 400. */
  readonly maxRunTime: number
  /** Ranked proofs paid for, 1 to 8; default 1. */
  readonly redundancy?: number
  /** Fee of the first attempt, token units; the least by default. */
  readonly fee?: bigint
  /** What is tried when it ends without a proof; by default nothing. */
  readonly escalation?: Escalation
  /** Stages whose proofs it needs; they stand before it in the pipeline. */
  readonly after?: readonly After[]
  /** Its inputs, or how they are made of the proofs that it waited for. Asked once: what was published is kept. */
  readonly inputs: InputsSpec | ((proofs: Readonly<Record<After, StageResult>>) => InputsSpec | Promise<InputsSpec>)
}

/** How far a stage has come. Told again after a restart, for what was done before too. */
export type PipelineProgress =
  | { readonly stage: string; readonly status: 'publishing' }
  | { readonly stage: string; readonly status: 'submitted'; readonly workload: WorkloadId; readonly attempt: number }
  | { readonly stage: string; readonly status: 'proven'; readonly workload: WorkloadId; readonly proof: Proof }
  | { readonly stage: string; readonly status: 'failed'; readonly error: unknown }

/** Options of {@link Pipeline.run}. */
export interface RunPipelineOptions {
  /** Where it is kept what was paid for; without it a restart begins anew, and pays anew. */
  readonly state?: PipelineState
  /** Stops waiting. What is submitted goes on; another run with the same state takes it up. */
  readonly signal?: AbortSignal
  /** Told how each stage gets on. What it throws ends the run: no other stage begins, and those that are paid are waited for. */
  readonly onProgress?: (progress: PipelineProgress) => void
  /** Stages at work at the same time, 1 to 64; default 8. */
  readonly parallel?: number
}

/** A stage as it is run: what its type says of names is checked already. */
export type AnyStage = Stage<string> & { readonly name: string }

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const MOST_STAGES = 1024

/** Workloads of which some wait for the proofs of others. Make one with {@link pipeline}; it never changes, `stage` answers another one. */
export class Pipeline<Names extends string = never> {
  readonly #stages: readonly AnyStage[]

  constructor(stages: readonly AnyStage[] = []) {
    this.#stages = stages
  }

  /**
   * The pipeline with one stage more. It can wait only for stages before it, so there are no circles.
   * @throws GevulotError CLIENT_PIPELINE_INVALID
   */
  stage<Name extends string, After extends Names = never>(name: Name, stage: Stage<After>): Pipeline<Names | Name> {
    const names = new Set(this.#stages.map((each) => each.name))
    if (!NAME.test(name)) throw invalid(`${JSON.stringify(name.slice(0, 80))} is no name of a stage`)
    if (names.has(name)) throw invalid(`two stages are called ${name}`)
    if (names.size >= MOST_STAGES) throw invalid(`there are more than ${MOST_STAGES} stages`)
    const missing = (stage.after ?? []).find((each) => !names.has(each))
    if (missing !== undefined) throw invalid(`${name} waits for ${String(missing)}, which does not stand before it`)
    return new Pipeline<Names | Name>([...this.#stages, { ...(stage as Stage<string>), name }])
  }

  /**
   * Runs all stages, each as soon as the ones it waits for are proven, and answers their proofs by name. With a `state` it may be stopped or killed at
   * any moment and run again: it goes on with what was submitted, and pays for nothing twice. After a stage has failed no other is begun; those at work
   * are waited for, since they are paid for.
   * @throws GevulotError CLIENT_PIPELINE_FAILED, whose cause is what the stage rejected with; CLIENT_PIPELINE_CHANGED, CLIENT_PIPELINE_STATE_INVALID,
   * CLIENT_PIPELINE_RUNNING,
   * CLIENT_OPTION_MISSING; the reason of `signal`
   */
  async run(client: Client, options: RunPipelineOptions = {}): Promise<Readonly<Record<Names, StageResult>>> {
    return (await runStages(client, this.#stages, options)) as Record<Names, StageResult>
  }
}

/**
 * A pipeline without stages, to add some.
 * @example
 * const graph = pipeline()
 *   .stage('left', { program: leaf, maxRunTime: 600, inputs: { files: { public_inputs: left } } })
 *   .stage('right', { program: leaf, maxRunTime: 600, inputs: { files: { public_inputs: right } } })
 *   .stage('root', {
 *     after: ['left', 'right'],
 *     ...{ program: merge, maxRunTime: 900 },
 *     inputs: ({ left, right }) => ({ files: { public_inputs: root, left: left.proof, right: right.proof } }),
 *   })
 * const { root } = await graph.run(client, { state: fileState('./block-17.json') })
 */
export function pipeline(): Pipeline {
  return new Pipeline()
}

function invalid(why: string): Error {
  return clientError('CLIENT_PIPELINE_INVALID', why)
}
