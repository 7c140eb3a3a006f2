import type { ReadOptions } from './ContentStore.js'

/** How many files of one manifest are fetched at the same time. */
export const FILES_AT_A_TIME = 4

/** Reports how far several files have come together. The function is told how many bytes of the file at `index` are there. */
export function progressOf(
  files: readonly { readonly size: number }[],
  onProgress: ReadOptions['onProgress'],
): (index: number, received: number) => void {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  const have = files.map(() => 0)
  return (index, received) => {
    have[index] = received
    onProgress?.({ received: have.reduce((sum, size) => sum + size, 0), total })
  }
}
