import { rm } from 'node:fs/promises'

/** Removes a directory with all that is in it; one that is not there is removed already. What killed processes had started may write in it for a moment yet. */
export function removeDirectory(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
}
