import { z } from 'zod'
import type { Address, Bytes32, ProgramId, WorkloadId } from '../../chain/index.js'
import { isDigest } from '../../content/index.js'

// Both sides check what they read: whoever can write to the queue is not trusted with more than the work itself.
const hex32 = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text) => text as Bytes32)
const account = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((text) => text as Address)
const digest = z
  .string()
  .refine((text) => isDigest(text))
  .transform((text) => text)
const milliseconds = z.number().nonnegative()

/** What is in the queue: everything that a runner needs to prove a workload. */
export const taskOrder = z.strictObject({
  chainId: z.int().positive(),
  workload: hex32.transform((text): WorkloadId => text as WorkloadId),
  programId: hex32.transform((text): ProgramId => text as ProgramId),
  program: z.strictObject({
    prover: digest,
    verifierProgram: digest,
    verifier: account,
    verifierGas: z.int().nonnegative(),
    class: z.int().nonnegative(),
    bindsProver: z.boolean(),
  }),
  inputs: digest,
  publicInputs: hex32,
  prover: account,
  uris: z.array(z.string().max(4_096)).max(64),
  /** When the program must have ended, by the database's clock. */
  endsAt: milliseconds,
})

/** What is in the queue. */
export type TaskOrder = z.output<typeof taskOrder>

/** A run of a program, for the coordinator's history. */
const run = z.strictObject({ seconds: milliseconds, outcome: z.string().max(64) })

const common = {
  runs: z.array(run).max(16),
  /** Whether the verifier program took the proof, where one was asked. */
  judged: z.boolean().optional(),
  /** What the program printed. */
  log: z.string(),
}
const why = z.string().max(2_000)

/** How a runner ended a task. */
export const taskResult = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('proved'), digest, ...common }),
  z.strictObject({ kind: z.literal('refused'), why, ...common }),
  z.strictObject({
    kind: z.literal('failed'),
    reason: z.enum(['ProgramFailed', 'InputsUnavailable', 'OutOfTime']),
    why,
    ...common,
  }),
])

/** How a runner ended a task. */
export type TaskResult = z.output<typeof taskResult>

/** One account's work for one workload, however often it is given: who has refused it takes it no more for a while. */
export function groupOf({ workload, prover }: Pick<TaskOrder, 'workload' | 'prover'>): string {
  return `${workload}.${prover}`
}
