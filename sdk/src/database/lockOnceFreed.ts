import type { Clock } from '../clock.js'
import { lockOnServer, type ServerLock } from './lockOnServer.js'

/** Postgres frees the lock of a machine that vanished after some twenty seconds; the machine itself may be up again sooner. */
const FREED_AFTER_MS = 30_000

/**
 * Takes an advisory lock as {@link lockOnServer} does, and waits for as long as it may be that of a machine which is gone.
 * @param onWait Called when it begins to wait, with the most seconds.
 * @param stop Ends the wait.
 * @returns Undefined if another has it after all.
 * @throws Error of the driver when the server cannot be reached or refuses.
 */
export async function lockOnceFreed(
  url: string,
  name: string,
  clock: Clock,
  onWait: (seconds: number) => void,
  stop?: AbortSignal,
): Promise<ServerLock | undefined> {
  const free = await lockOnServer(url, name, clock)
  if (free !== undefined) return free
  onWait(FREED_AFTER_MS / 1000)
  const over = new AbortController()
  const taken = new AbortController()
  const end = (): void => over.abort()
  void clock.sleep(FREED_AFTER_MS, taken.signal).then(end, end)
  try {
    return await lockOnServer(url, name, clock, AbortSignal.any([over.signal, ...(stop ? [stop] : [])]))
  } finally {
    taken.abort()
  }
}
