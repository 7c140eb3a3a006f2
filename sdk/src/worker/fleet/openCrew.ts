import type { Clock } from '../../clock.js'
import type { Closers } from '../Closers.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import { LocalExecutor, type LocalExecutorOptions } from '../run/LocalExecutor.js'
import type { Executor } from '../run/Executor.js'
import type { ProofCheck } from '../run/checkOnChain.js'
import type { RunHistory } from '../store/RunHistory.js'
import { FleetExecutor } from './FleetExecutor.js'
import { openFleet } from './openFleet.js'
import { openRunner } from './openRunner.js'
import type { Runner } from './Runner.js'
import { RunnerBook } from './RunnerBook.js'
import { TaskQueue } from './TaskQueue.js'

/** Who proves for a coordinator. */
export interface Crew {
  readonly executor: Executor
  /** With a database server: the runners there, and the one in this process if it is one too. */
  readonly fleet?: FleetExecutor
  readonly runner?: Runner
}

/** What a crew is made of. */
export interface CrewParts extends Omit<LocalExecutorOptions, 'check' | 'history' | 'config'> {
  readonly config: WorkerConfig
  readonly chainId: number
  /** Chain and operator. */
  readonly account: string
  readonly check: ProofCheck
  readonly history: RunHistory
  /** Cards lent to programs here. */
  readonly gpus: number
  readonly clock: Clock
  readonly log: Logger
  readonly onRetry: () => void
}

/**
 * Without a database server this process proves by itself. With one, runners do, and the one in this process is one of them: so a second machine
 * is only a second runner.
 * @throws GevulotError WORKER_STATE_NEWER, WORKER_DATABASE_UNAVAILABLE
 */
export async function openCrew(parts: CrewParts, closers: Closers): Promise<Crew> {
  const { config, clock, log, chainId, check, fetcher, proofs, history, onRetry } = parts
  const url = config.databaseUrl.reveal()
  if (url === '') return { executor: new LocalExecutor(parts) }
  const fleet = await openFleet({ url, name: config.fleet, clock, log }, config.runnerRole)
  closers.add(() => fleet.close())
  const { leaseSeconds } = config
  const executor = new FleetExecutor({
    ...{ fleet, chainId, check, fetcher, proofs, history, leaseSeconds, clock, log, onRetry },
    queue: new TaskQueue(fleet, parts.account, leaseSeconds),
    book: new RunnerBook(fleet),
  })
  if (!config.roles.includes('runner')) return { executor, fleet: executor }
  const { runtime, ledger, gpus } = parts
  return { executor, fleet: executor, runner: await openRunner({ config, fleet, runtime, ledger, gpus, clock, log }) }
}
