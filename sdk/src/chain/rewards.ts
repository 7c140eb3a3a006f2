/** The money rules of a workload, frozen under their number when it is submitted. */
export interface MoneyRules {
  /** Part of the fee that always burns, in basis points. */
  readonly baseBurnBps: number
  /** Token units for whoever calls assign. */
  readonly assignBounty: bigint
  /** Token units for whoever ends the workload. */
  readonly settleBounty: bigint
}

/** Where a fee goes, in token units; the four parts add up to the fee. */
export interface FeeSplit {
  readonly baseBurn: bigint
  readonly assignBounty: bigint
  readonly settleBounty: bigint
  /** What is left for the ranks. */
  readonly pot: bigint
}

/** Weights of ranks 1 to 8: 0.8^(k−1) as whole numbers. Mirrors contracts/libraries/RankShares.sol. */
export const RANK_WEIGHTS = [78125n, 62500n, 50000n, 40000n, 32000n, 25600n, 20480n, 16384n] as const

const BPS = 10_000n

/** Splits a fee as the market does; the burn rounds down. Mirrors `RuleStore._potOf`. */
export function splitFee(fee: bigint, rules: MoneyRules): FeeSplit {
  const { assignBounty, settleBounty } = rules
  const baseBurn = (fee * BigInt(rules.baseBurnBps)) / BPS
  return { baseBurn, assignBounty, settleBounty, pot: fee - baseBurn - assignBounty - settleBounty }
}

/**
 * What each rank earns of a pot, rank 1 first: pot · w_k / Σ w_1..r, rounded down. What is left over burns.
 * Source: design section 4.
 * @param ranks 1 to 8.
 * @throws RangeError
 */
export function rankShares(pot: bigint, ranks: number): bigint[] {
  if (!Number.isInteger(ranks) || ranks < 1 || ranks > RANK_WEIGHTS.length) {
    throw new RangeError(`ranks must be 1 to ${RANK_WEIGHTS.length}, not ${ranks}`)
  }
  const weights = RANK_WEIGHTS.slice(0, ranks)
  const sum = weights.reduce((total, weight) => total + weight, 0n)
  return weights.map((weight) => (pot * weight) / sum)
}

/** What a cancel pays each seat that accepted, `elapsed` seconds after the draw. Mirrors `Withdrawing._cancelProving`. */
export function cancelCompensation(pot: bigint, elapsed: number, maxRunTime: number, redundancy: number): bigint {
  return (pot * BigInt(elapsed)) / (BigInt(maxRunTime) * BigInt(redundancy))
}

/**
 * What a release pays each of the `waiting` seats that had accepted and not delivered: what a cancel would have paid it, as
 * far as the shares of unfilled ranks go. Mirrors `Settlement._compensate`.
 * @param cancelled See {@link cancelCompensation}, with the seconds from the draw to the release.
 * @param unfilled Shares of unfilled ranks, token units.
 */
export function releaseCompensation(cancelled: bigint, unfilled: bigint, waiting: number): bigint {
  if (waiting === 0) return 0n
  const most = unfilled / BigInt(waiting)
  return cancelled < most ? cancelled : most
}
