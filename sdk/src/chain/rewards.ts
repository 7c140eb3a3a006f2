/** The money rules of a workload, frozen under their number when it is submitted. */
export interface MoneyRules {
  /** Part of the fee that always burns, in basis points. */
  readonly baseBurnBps: number
  /** Token units for whoever calls assign. */
  readonly assignBounty: bigint
  /** Token units for whoever ends the workload. */
  readonly settleBounty: bigint
  /** Part of the fee for the committee where one judges, in basis points. */
  readonly committeeBps: number
}

/** Where a fee goes, in token units; the five parts add up to the fee. */
export interface FeeSplit {
  readonly baseBurn: bigint
  readonly assignBounty: bigint
  readonly settleBounty: bigint
  /** The committee's share; zero where a verifier contract decides. */
  readonly committee: bigint
  /** What is left for the ranks. */
  readonly pot: bigint
}

/** Weights of ranks 1 to 8: 0.8^(k−1) as whole numbers. Mirrors contracts/libraries/RankShares.sol. */
export const RANK_WEIGHTS = [78125n, 62500n, 50000n, 40000n, 32000n, 25600n, 20480n, 16384n] as const

/** Members of a committee. Mirrors `Committee.SIZE`. */
export const COMMITTEE_SIZE = 7

const BPS = 10_000n

/**
 * Splits a fee as the market does; burn and share round down. Mirrors `RuleStore._potOf` and `Settlement._endOf`.
 * @param judged Whether a committee judges the proofs.
 */
export function splitFee(fee: bigint, rules: MoneyRules, judged = false): FeeSplit {
  const { assignBounty, settleBounty } = rules
  const baseBurn = (fee * BigInt(rules.baseBurnBps)) / BPS
  const committee = judged ? (fee * BigInt(rules.committeeBps)) / BPS : 0n
  const pot = fee - baseBurn - assignBounty - settleBounty - committee
  return { baseBurn, assignBounty, settleBounty, committee, pot }
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

/** What each member that answers earns, when `attempts` committees were drawn. Mirrors `Committee.conclude`. */
export function memberShare(share: bigint, attempts: number): bigint {
  return share / BigInt(COMMITTEE_SIZE * attempts)
}

/** The bond of an appeal. Mirrors `Committee.BOND_SHARES`. */
export function appealBond(share: bigint): bigint {
  return share * 3n
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
