import { contractError } from '../chain/contractErrorOf.js'

/** The market's bounds on a request. Mirrors `Submission._checkTerms`. */
const BOUNDS = {
  maxRunTime: [1n, 86_400n],
  redundancy: [1n, 8n],
  rescue: [50n, 100n],
  fee: [0n, 2n ** 80n - 1n],
} as const

/**
 * Checks the terms of a request before anything is sent.
 * @throws GevulotError CONTRACT_INVALID_TERMS naming the term.
 */
export function checkTerms(
  doing: string,
  terms: { readonly maxRunTime: number; readonly redundancy: number; readonly rescue?: number; readonly fee: bigint },
): void {
  for (const [name, value] of Object.entries(terms)) {
    const [least, most] = BOUNDS[name as keyof typeof BOUNDS]
    const whole = typeof value === 'bigint' || Number.isSafeInteger(value)
    if (whole && BigInt(value) >= least && BigInt(value) <= most) continue
    throw contractError('InvalidTerms', doing, {
      term: name,
      have: value,
      least,
      most,
    })
  }
}
