import type { ApiClient } from '../../sdk/src/api/createApiClient.js'

/** What a method of the API answers. */
export type AnswerOf<Name extends keyof ApiClient> = Awaited<ReturnType<ApiClient[Name]>>

/** A workload in a list. */
export type WorkloadRow = AnswerOf<'listWorkloads'>['workloads'][number]
/** How long proofs took. */
export type RunTimes = AnswerOf<'getOperator'>['runTimes']
/** A span of epochs. */
export type Span = AnswerOf<'listEpochs'>['spans'][number]
/** An event of a workload. */
export type Step = AnswerOf<'getWorkload'>['story'][number]
