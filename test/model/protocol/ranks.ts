/** Shares of ranks: each the fifth part less than the one before. Written from design §4. */

/** Weight of rank k (from 0) of r as a whole number: 0.8^k · 5^(r − 1). */
function weight(k: number, ranks: number): bigint {
  return 4n ** BigInt(k) * 5n ** BigInt(ranks - 1 - k)
}

/** Share of a rank, counted from 0, rounded down. */
export function shareOf(pot: bigint, rank: number, ranks: number): bigint {
  let sum = 0n
  for (let k = 0; k < ranks; k += 1) sum += weight(k, ranks)
  return (pot * weight(rank, ranks)) / sum
}
