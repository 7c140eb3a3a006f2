import type { Address, WorkloadId } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import type { ApprovalDesk, WaitingWork } from '../coordinate/ApprovalDesk.js'
import type { JobState } from '../job/transitions.js'
import type { JobStore } from '../store/JobStore.js'
import type { FleetFigures, WorkerMetrics } from './WorkerMetrics.js'

/** What a running worker tells its operator. */
export interface WorkerStatus {
  readonly operator: Address
  /** Account that signs; the operator's, unless a submitter key acts. */
  readonly account: Address
  /** Where a submitter key acts: until when it can, Unix time; 0: it was taken back. */
  readonly submitterUntil?: number
  readonly chainId: number
  readonly mode: string
  readonly runtime: string
  /** Seconds since it started. */
  readonly runs: number
  /** Number of the newest block seen; 0 before the first. */
  readonly block: number
  /** Seconds since that block was first seen. */
  readonly chainAge: number
  /** What keeps it from keeping deadlines; none: it is ready. */
  readonly obstacles: readonly string[]
  /** Jobs with something left to do, oldest first. */
  readonly jobs: readonly {
    readonly workload: WorkloadId
    readonly seat: number
    readonly state: JobState
    readonly open: boolean
    readonly why?: string
  }[]
  readonly waiting: readonly WaitingWork[]
  /** Where there is a database server: the runners of the fleet, and how many tasks of this account wait for one. */
  readonly fleet?: FleetFigures
}

/** What a {@link readStatus} needs. */
export interface StatusSources extends Pick<WorkerStatus, 'operator' | 'account' | 'chainId' | 'mode' | 'runtime'> {
  readonly jobs: JobStore
  readonly desk: ApprovalDesk
  readonly metrics: WorkerMetrics
  readonly clock: Clock
  /** Milliseconds. */
  readonly startedAt: number
  readonly readySeconds: number
  readonly fleet?: FleetFigures
}

// What a terminal shows, and more; thousands of jobs are for the metrics.
const MOST_JOBS = 500

/** Reads what the worker does now. */
export async function readStatus(sources: StatusSources): Promise<WorkerStatus> {
  const { operator, account, chainId, mode, runtime, jobs, desk, metrics, clock, startedAt, readySeconds } = sources
  const open = (await jobs.unfinished()).slice(0, MOST_JOBS)
  const obstacles = metrics.obstacles(readySeconds)
  return {
    ...{ operator, account, chainId, mode, runtime },
    ...(metrics.submitterUntil !== undefined && { submitterUntil: metrics.submitterUntil }),
    runs: (clock.elapsed() - startedAt) / 1000,
    block: metrics.head,
    chainAge: metrics.chainAge,
    obstacles: Object.keys(obstacles).filter((name) => obstacles[name]),
    jobs: open.map(({ workload, seat, state, open: isOpen, why }) => ({
      ...{ workload, seat, state, open: isOpen },
      ...(why !== undefined && { why }),
    })),
    waiting: desk.waiting,
    ...(sources.fleet && { fleet: { runners: sources.fleet.runners, waiting: sources.fleet.waiting } }),
  }
}
