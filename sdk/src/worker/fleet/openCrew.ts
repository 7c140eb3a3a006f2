import type { Clock } from '../../clock.js'
import type { PackageCache } from '../../content/PackageCache.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { Closers } from '../Closers.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import { LocalExecutor, type LocalExecutorOptions } from '../run/LocalExecutor.js'
import type { Executor } from '../run/Executor.js'
import type { ProofCheck } from '../run/checkOnChain.js'
import type { RunHistory } from '../store/RunHistory.js'
import { FleetExecutor } from './FleetExecutor.js'
import { lendToRunner, openFleet, openNewerFleet } from './openFleet.js'
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
  readonly packages: PackageCache
  readonly check: ProofCheck
  readonly history: RunHistory
  /** Cards lent to programs here. */
  readonly gpus: number
  readonly clock: Clock
  readonly log: Logger
  readonly onRetry: () => void
}

/** What is said where the fleet's tables are newer than this software: commitments still have to be revealed, and that needs no fleet. */
export const NOTHING_NEW =
  'nothing is proven here any more: start the newer version; what was begun is brought to its end'

/**
 * Without a database server this process proves by itself. With one, runners do, and the one in this process is one of them: so a second machine
 * is only a second runner. Where another account has brought the fleet to a newer version, work that was begun is brought to its end, and nothing more is given to it.
 * @throws GevulotError WORKER_DATABASE_UNAVAILABLE
 */
export async function openCrew(parts: CrewParts, closers: Closers): Promise<Crew> {
  const { config, clock, log, chainId, check, fetcher, proofs, history, onRetry } = parts
  const url = config.databaseUrl.reveal()
  if (url === '') return { executor: new LocalExecutor(parts) }
  const place = { url, name: config.fleet, clock, log }
  const [fleet, isNewer] = await openFleet(place, config.runnerRole).then(
    (opened) => [opened, false] as const,
    async (error: unknown) => {
      if (!GevulotError.is(error, 'WORKER_STATE_NEWER')) throw error
      log.error(NOTHING_NEW, { stage: 'fleet', error })
      return [await openNewerFleet(place), true] as const
    },
  )
  closers.add(() => fleet.close())
  const { leaseSeconds } = config
  const executor = new FleetExecutor({
    ...{ fleet, chainId, check, fetcher, proofs, history, leaseSeconds, clock, log, onRetry },
    queue: new TaskQueue(fleet, parts.account, leaseSeconds),
    book: new RunnerBook(fleet),
  })
  if (isNewer || !config.roles.includes('runner')) return { executor, fleet: executor }
  const { runtime, packages, ledger, gpus } = parts
  const own = await lendToRunner(fleet, place)
  closers.add(() => own.close())
  const runner = await openRunner({ config, fleet: own, runtime, packages, ledger, gpus, clock, log })
  return { executor, fleet: executor, runner }
}
