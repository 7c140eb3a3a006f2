import { factsOf, type JobTypeName } from '../protocol/jobTypes.js'
import type { Lane } from './Lane.js'

/** A job that waits for company. */
export interface WaitingJob {
  readonly id: string
  readonly type: JobTypeName
  readonly epoch: number
  readonly input_bytes: number
  /** Milliseconds. */
  readonly created_at: number
}

/**
 * Which waiting jobs to prove together now. A bundle is of one epoch (whose end is its deadline) and of one type (it is as slow as its slowest
 * member, and jobs of one level wait for the same next level; the broker tells no more of the tree than that). It is complete when one more job
 * would exceed the lane's limits, or when its oldest has waited long enough.
 */
export function planBundles<J extends WaitingJob>(
  waiting: readonly J[],
  lane: Lane,
  now: number,
): readonly (readonly J[])[] {
  const groups = new Map<string, J[]>()
  for (const job of waiting.filter(({ type }) => lane.types.includes(type))) {
    const key = `${job.epoch}:${job.type}`
    groups.set(key, [...(groups.get(key) ?? []), job])
  }
  return [...groups.values()].flatMap((jobs) => {
    const bundles = packed(jobs, lane)
    const last = bundles.at(-1)
    const isComplete = last !== undefined && (last.length >= lane.bundleJobs || oldest(last) + lane.bundleWaitMs <= now)
    return isComplete ? bundles : bundles.slice(0, -1)
  })
}

/** Seconds of proving that jobs are expected to take one after the other. */
export function secondsOf(jobs: readonly { readonly type: JobTypeName }[], { pace }: Lane): number {
  return (jobs.reduce((sum, { type }) => sum + factsOf(type).cost, 0) / 1000) * pace
}

/** Fills one bundle after the other, oldest jobs first. */
function packed<J extends WaitingJob>(jobs: readonly J[], lane: Lane): J[][] {
  const bundles: J[][] = []
  for (const job of jobs.toSorted((a, b) => a.created_at - b.created_at)) {
    const open = bundles.at(-1)
    if (open !== undefined && fits([...open, job], lane)) open.push(job)
    else bundles.push([job])
  }
  return bundles
}

function fits(jobs: readonly WaitingJob[], lane: Lane): boolean {
  const bytes = jobs.reduce((sum, { input_bytes }) => sum + input_bytes, 0)
  // What does not end within the longest run time is paid for nothing.
  const seconds = Math.min(lane.bundleSeconds, lane.maxRunTime - lane.spareSeconds)
  return jobs.length <= lane.bundleJobs && bytes <= lane.bundleBytes && secondsOf(jobs, lane) <= seconds
}

function oldest(jobs: readonly WaitingJob[]): number {
  return Math.min(...jobs.map(({ created_at }) => created_at))
}
