import { systemClock } from '../../clock.js'
import { GevulotError } from '../../errors/GevulotError.js'

/** How often something that may pass is tried. */
export interface Patience {
  readonly attempts: number
  /** Milliseconds before the second attempt, doubled each time. */
  readonly retryDelayMs: number
  readonly signal?: AbortSignal | undefined
}

/** Tries again what failed in a way that may pass. @throws what the last attempt did */
export async function patiently<T>({ attempts, retryDelayMs, signal }: Patience, act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act()
    } catch (error) {
      signal?.throwIfAborted()
      const passes = error instanceof GevulotError && error.retryable && error.code !== 'CONTENT_NOT_FOUND'
      if (!passes || attempt >= attempts) throw error
      await systemClock.sleep(retryDelayMs * 2 ** (attempt - 1), signal)
    }
  }
}
