import { z } from 'zod'

/** An id of a job on the wire; far longer than any. */
const id = z.string().max(256)

/** A job as the broker hands it out. */
export const wireJob = z.object({
  id,
  type: z.int(),
  epochNumber: z.int().nonnegative(),
  /** Where its inputs are, or the inputs themselves. */
  inputsUri: z.string(),
})

/** An assignment. Any answer of the broker may be one. */
export const assignment = z.object({
  job: wireJob,
  /** Milliseconds on the broker's clock: what a heartbeat sends back. */
  time: z.number().nonnegative(),
})

/** What the broker says about a job. */
export const jobStatus = z.discriminatedUnion('status', [
  z.object({ status: z.literal('not-found') }),
  z.object({ status: z.literal('in-queue') }),
  z.object({ status: z.literal('in-progress') }),
  z.object({ status: z.literal('fulfilled'), value: z.string() }),
  z.object({ status: z.literal('rejected'), reason: z.string() }),
])

/** A job that was handed out. */
export type WireJob = z.output<typeof wireJob>
/** A job, and when it was handed out. */
export type Assignment = z.output<typeof assignment>
/** Status of a job. */
export type JobStatus = z.output<typeof jobStatus>
/** What kinds of job the caller wants: numbers of types. An empty list would mean all of them. */
export interface JobFilter {
  readonly allowList: readonly number[]
}
