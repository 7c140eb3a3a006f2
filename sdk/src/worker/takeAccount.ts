import type { Clock } from '../clock.js'
import { lockOnceFreed } from '../database/lockOnceFreed.js'
import { lockOnServer, type ServerLock } from '../database/lockOnServer.js'
import { workerError } from '../errors/codes/worker.js'
import type { Closers } from './Closers.js'
import type { Logger } from './log/Logger.js'
import { databaseUnavailable } from './store/openDatabase.js'

/** Who is told that a daemon waits while another acts for its account. */
export interface StandbyFigures {
  /** The wait has begun, or is over. */
  onStandby(isStandingBy: boolean): void
}

interface AccountOptions {
  /** Chain and address. */
  readonly account: string
  /** Whether to wait while another has it. */
  readonly standby: boolean
  readonly metrics: StandbyFigures
  readonly clock: Clock
  readonly log: Logger
  readonly closers: Closers
}

/**
 * Takes an account for this process alone among all machines that share a database server.
 * @param stop Ends the wait: of a standby for as long as another has it, else for as long as that one may be gone.
 * @returns Aborted, with the error to end with, when the account may be another's.
 * @throws GevulotError WORKER_LOCKED, WORKER_STOPPED, WORKER_DATABASE_UNAVAILABLE
 */
export async function takeAccount(
  url: string,
  { account, standby, metrics, clock, log, closers }: AccountOptions,
  stop: AbortSignal,
): Promise<AbortSignal> {
  const name = `gevulot/${account}`
  let lock: ServerLock | undefined
  const onWait = (seconds: number): void =>
    log.warn('another worker holds the account: waiting, it may be gone', { stage: 'start', account, seconds })
  try {
    lock = standby ? await lockOnServer(url, name, clock) : await lockOnceFreed(url, name, clock, onWait, stop)
    if (lock === undefined && standby) {
      log.info('standing by: another worker acts for the account', { stage: 'start', account })
      metrics.onStandby(true)
      lock = await lockOnServer(url, name, clock, stop)
      metrics.onStandby(false)
      if (lock !== undefined) log.info('taking over: the other worker is gone', { stage: 'start', account })
    }
  } catch (cause) {
    throw databaseUnavailable(cause)
  }
  if (stop.aborted) {
    await lock?.release()
    throw workerError('WORKER_STOPPED', 'stopped before it began')
  }
  if (lock === undefined) {
    throw workerError(
      'WORKER_LOCKED',
      `another worker acts for ${account} on this database server, and this one is no standby (standby: true)`,
    )
  }
  const held = lock
  closers.add(() => held.release())
  const lost = new AbortController()
  held.lost.addEventListener('abort', () => {
    const { reason: cause } = held.lost as { reason: unknown }
    lost.abort(workerError('WORKER_LOCK_LOST', `the lock on ${account} may be another's now`, { cause }))
  })
  return lost.signal
}
