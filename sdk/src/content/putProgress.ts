import type { PutOptions, PutProgress } from './ContentStore.js'

/**
 * Tells how far a write has come. What is sent again after a failure does not count down, and nothing is told twice.
 * @param size Of the whole, if it is known before.
 */
export function putProgress({ onProgress }: PutOptions, size?: number): (stored: number, total?: number) => void {
  let last: PutProgress = { stored: -1 }
  return (stored, total = size) => {
    if (stored < last.stored || (stored === last.stored && total === last.total)) return
    last = { stored, ...(total !== undefined && { total }) }
    onProgress?.(last)
  }
}
