import type { Clock } from '../clock.js'
import { lockOnServer, type ServerLock } from '../database/lockOnServer.js'
import { workerError } from '../errors/codes/worker.js'
import type { Closers } from './Closers.js'
import type { Logger } from './log/Logger.js'
import { databaseUnavailable } from './store/openDatabase.js'

interface AccountOptions {
  /** Chain and address. */
  readonly account: string
  /** Whether to wait while another has it. */
  readonly standby: boolean
  readonly clock: Clock
  readonly log: Logger
  readonly closers: Closers
}

/**
 * Takes an account for this process alone among all machines that share a database server.
 * @param stop Ends the wait of a standby.
 * @returns Aborted, with the error to end with, when the account may be another's.
 * @throws GevulotError WORKER_LOCKED, WORKER_STOPPED, WORKER_DATABASE_UNAVAILABLE
 */
export async function takeAccount(
  url: string,
  { account, standby, clock, log, closers }: AccountOptions,
  stop: AbortSignal,
): Promise<AbortSignal> {
  const name = `gevulot/${account}`
  let lock: ServerLock | undefined
  try {
    lock = await lockOnServer(url, name, clock)
    if (lock === undefined && standby) {
      log.info('standing by: another worker acts for the account', { stage: 'start', account })
      lock = await lockOnServer(url, name, clock, stop)
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
    throw workerError('WORKER_LOCKED', `another worker acts for ${account} on this database server`)
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
