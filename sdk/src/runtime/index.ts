export { createRuntime, type RuntimeOptions } from './createRuntime.js'
export { findNanosKernel, type NanosKernel, type NanosKernelOptions } from './nanos/nanosKernel.js'
export type { ResultFile, RunOutcome, RunRecord, RunUsage, Verdict } from './RunOutcome.js'
export type { RunJob, RunLimits, Runtime, RuntimeCheck, RuntimeName } from './Runtime.js'
