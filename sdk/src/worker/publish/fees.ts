/** What gas is paid with, in wei per gas. */
export interface Fees {
  readonly maxFee: bigint
  readonly priorityFee: bigint
}

// Nodes refuse a replacement that raises either fee by less than a tenth.
const BUMP_PERCENT = 125n

/** Fees of a first attempt: room for the base fee to double, never above the ceiling; undefined when the base fee is. */
export function firstFees(baseFee: bigint, tip: bigint, ceiling: bigint): Fees | undefined {
  if (baseFee + 1n > ceiling) return undefined
  const maxFee = least(2n * baseFee + tip, ceiling)
  return { maxFee, priorityFee: least(tip, maxFee) }
}

/** Fees of a replacement; undefined when it would have to pass the ceiling. */
export function bumpedFees(last: Fees, baseFee: bigint, ceiling: bigint): Fees | undefined {
  const needed = bumped(last.maxFee)
  if (needed > ceiling) return undefined
  const maxFee = least(most(needed, 2n * baseFee + last.priorityFee), ceiling)
  return { maxFee, priorityFee: least(bumped(last.priorityFee), maxFee) }
}

function bumped(fee: bigint): bigint {
  return (fee * BUMP_PERCENT) / 100n + 1n
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
