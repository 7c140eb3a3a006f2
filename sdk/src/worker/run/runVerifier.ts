import { mkdir, rm } from 'node:fs/promises'
import type { Address, WorkloadId } from '../../chain/index.js'
import type { LocalFile, LocalInputs, LocalPackage } from '../../content/index.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { RunOutcome, Runtime } from '../../runtime/index.js'
import type { Grant } from './ResourceLedger.js'

/** One run of a verifier program on one proof. */
export interface VerifierRun {
  readonly runtime: Runtime
  readonly verifier: LocalPackage
  readonly inputs: LocalInputs
  /** File with the proof. */
  readonly proof: string
  readonly workload: WorkloadId
  /** Operator whose proof it is. */
  readonly prover: Address
  /** What it may use. */
  readonly grant: Grant
  /** Time limit of the run. */
  readonly seconds: number
  readonly logBytes: number
  /** Made for the run and removed after it. */
  readonly outputDirectory: string
  readonly signal: AbortSignal
}

/** What came of a run. */
export type VerifierAnswer =
  | { readonly kind: 'valid' }
  /** The program refuses the proof, or did not say within its limits that it is valid. */
  | {
      readonly kind: 'invalid'
      readonly reason: string
      /** Whether the program itself said so; a crash or a limit says less. */
      readonly said: boolean
    }
  /** This machine could not run the program; that says nothing about the proof. */
  | { readonly kind: 'unable'; readonly why: string }

const MAX_REASON = 500

/**
 * Asks a program's verifier package about a proof. Only the runtime's own `valid` counts: a program that crashes, runs out of
 * its limits or leaves anything else has not shown the proof to be valid, whoever made it do so. A runtime that fails is
 * tried once more.
 * @throws the reason of `signal`.
 */
export async function runVerifier(run: VerifierRun): Promise<VerifierAnswer> {
  const first = await once(run)
  return first.kind === 'unable' ? once(run) : first
}

async function once(run: VerifierRun): Promise<VerifierAnswer> {
  const { runtime, verifier, inputs, outputDirectory, signal } = run
  const proof: LocalFile = { name: 'proof', path: run.proof }
  try {
    await mkdir(outputDirectory, { recursive: true })
    const outcome = await runtime.run({
      package: verifier,
      inputs: [...inputs.files, proof],
      args: inputs.args,
      role: 'verify',
      workload: run.workload,
      prover: run.prover,
      limits: { ...run.grant, seconds: run.seconds, logBytes: run.logBytes },
      outputDirectory,
      signal,
    })
    signal.throwIfAborted()
    return answerOf(outcome)
  } catch (error) {
    signal.throwIfAborted()
    // Names and arguments of inputs are the requester's: what cannot be given to the program is not verified by it.
    if (GevulotError.is(error, 'RUNTIME_JOB_INVALID')) return invalid(error.message)
    if (GevulotError.is(error, 'RUNTIME_UNAVAILABLE')) return { kind: 'unable', why: error.message }
    throw error
  } finally {
    await rm(outputDirectory, { recursive: true, force: true }).catch(() => undefined)
  }
}

function answerOf(outcome: RunOutcome): VerifierAnswer {
  switch (outcome.kind) {
    case 'valid':
      return { kind: 'valid' }
    case 'invalid':
      return { ...invalid(outcome.reason), said: true }
    case 'program-error':
      return invalid(`the verifier program says: ${outcome.text}`)
    case 'no-result':
      return invalid(`the verifier program left no result: ${outcome.reason}`)
    case 'runtime-failed':
      return { kind: 'unable', why: outcome.reason }
    case 'ok':
    case 'timeout':
    case 'out-of-memory':
    case 'disk-full':
    case 'crash':
    case 'aborted':
      return invalid(`the verifier program ended as ${outcome.kind}`)
  }
}

function invalid(reason: string): Extract<VerifierAnswer, { kind: 'invalid' }> {
  return { kind: 'invalid', reason: reason.slice(0, MAX_REASON), said: false }
}
