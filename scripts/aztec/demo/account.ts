import type { Market, PaidBundle } from './Market.js'
import { amount, note, tell } from './say.js'

/**
 * Waits for the verdicts on an epoch's workloads, and tells what our market did with the fees.
 * @throws Error if a job was proven twice, or none at all, or a fee does not add up.
 */
export async function account(market: Market, bundles: readonly PaidBundle[], signal: AbortSignal): Promise<void> {
  const workloads = await market.final(bundles, signal)
  const proven = workloads.filter(({ status }) => status === 'proven')
  const ids = new Set(proven.map(({ workload }) => workload))
  const jobs = bundles.filter(({ workload }) => ids.has(workload)).flatMap((bundle) => bundle.jobs)
  // One whose workload ended without a proof is in another one, and rightly so.
  if (new Set(jobs).size !== jobs.length) throw new Error('a job was proven, and paid, twice')
  const all = new Set(bundles.flatMap((bundle) => bundle.jobs))
  if (jobs.length !== all.size) throw new Error(`${all.size - jobs.length} of ${all.size} jobs have no valid proof`)
  const sum = (of: (workload: (typeof workloads)[number]) => bigint): bigint =>
    workloads.reduce((total, workload) => total + of(workload), 0n)
  const [fees, paid] = [sum(({ terms }) => terms.fee), sum((workload) => workload.paid)]
  const [burned, refunded] = [sum((workload) => workload.burned), sum((workload) => workload.refunded)]
  if (paid === 0n || paid + burned + refunded > fees) throw new Error('the fees do not add up')
  const others = fees - paid - burned - refunded
  tell(
    `our market: ${proven.length} of ${workloads.length} workloads judged valid by the committee, each job paid once`,
  )
  note(
    `fees ${amount(fees)} GVLT: ${amount(paid)} to provers, ${amount(others)} to validators and callers, ${amount(burned)} burned, ${amount(refunded)} back`,
  )
}
