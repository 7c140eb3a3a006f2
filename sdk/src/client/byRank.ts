import type { WorkloadSlot } from './Workload.js'

// Larger than any commit order. Mirrors `Settlement.OPEN_RANK`.
const OPEN_RANK = 32

/** Sorts slots as they rank: those filled by their own seats before open ones, each by commit order. */
export function byRank(a: WorkloadSlot, b: WorkloadSlot): number {
  return placeOf(a) - placeOf(b)
}

function placeOf({ order = 0, slot }: WorkloadSlot): number {
  return order + (slot === 'open' ? OPEN_RANK : 0)
}
