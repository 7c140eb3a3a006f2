/** What gas is paid with, in wei per gas. */
export interface Fees {
  readonly maxFee: bigint
  readonly priorityFee: bigint
}

const BUMP_PERCENT = 125n
// Nodes refuse a replacement that raises either fee by less than a tenth.
const LEAST_PERCENT = 110n

/** Fees of a first attempt: room for the base fee to double, never above the ceiling; undefined when the base fee is. */
export function firstFees(baseFee: bigint, tip: bigint, ceiling: bigint): Fees | undefined {
  if (baseFee + 1n > ceiling) return undefined
  const maxFee = least(2n * baseFee + tip, ceiling)
  return { maxFee, priorityFee: least(tip, maxFee) }
}

/** Fees of a replacement, raised by a quarter, or by what the ceiling leaves; undefined when no node would take that for one. */
export function bumpedFees(last: Fees, baseFee: bigint, ceiling: bigint): Fees | undefined {
  if (raised(last.maxFee, LEAST_PERCENT) > ceiling) return undefined
  const wanted = raised(last.maxFee, BUMP_PERCENT)
  const maxFee = least(most(wanted, 2n * baseFee + last.priorityFee), ceiling)
  return { maxFee, priorityFee: least(raised(last.priorityFee, BUMP_PERCENT), maxFee) }
}

function raised(fee: bigint, percent: bigint): bigint {
  return (fee * percent) / 100n + 1n
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
