import type { WorkloadId } from '../chain/hex.js'
import { clientError } from '../errors/codes/client.js'
import { GevulotError } from '../errors/GevulotError.js'
import type { Client } from './Client.js'
import type { Proof } from './fetchProof.js'
import { getBalance } from './getBalance.js'
import { getWorkload } from './getWorkload.js'
import { quote } from './quote.js'
import { inTurn } from './inTurn.js'
import { submitNow, type SubmitParams } from './submit.js'
import { waitForProof } from './waitForProof.js'
import type { ExpiryReason } from './Workload.js'
import { call } from './call.js'
import { whileUnknown } from './whileUnknown.js'

/** What may be tried when a workload ends without a proof, and what it may cost. */
export interface Escalation {
  /** What all attempts together may cost, token units: fees, less what came back. */
  readonly budget: bigint
  /** Workloads in all, 1 to 16; default 3. */
  readonly attempts?: number
  /** Run time in per cent of the one before, after it was too short; default 200. */
  readonly timePercent?: number
  /** Fee in per cent of the one before, after nobody took it up; default 150. */
  readonly feePercent?: number
  /** Ranked proofs more, after those that came were not valid, not revealed or not judged; default 1. */
  readonly moreRedundancy?: number
}

/** One attempt, fixed before it is sent. */
export interface Attempt {
  readonly nonce: number
  /** Token units. */
  readonly fee: bigint
  /** Seconds. */
  readonly maxRunTime: number
  readonly redundancy: number
}

/** Parameters of {@link proveWithin}. */
export interface ProveWithinParams extends Omit<SubmitParams, 'fee' | 'nonce'> {
  /** Fee of the first attempt, token units; the least by default. */
  readonly fee?: bigint
  readonly escalation: Escalation
  /** Attempts that an earlier call made: it goes on with the last of them, and pays for none twice. */
  readonly earlier?: readonly Attempt[]
  /** Told of each attempt before it is sent, and waited for: what it stores is what `earlier` takes after a restart. */
  readonly onAttempt?: (attempt: Attempt, number: number) => void | Promise<void>
  /** Told of each attempt once its workload is on the chain. */
  readonly onWorkload?: (workload: WorkloadId, number: number) => void | Promise<void>
}

/** Result of {@link proveWithin}. */
export interface ProvenWithin {
  readonly proof: Proof
  readonly workload: WorkloadId
  /** All that were made, the one that was proven last. */
  readonly attempts: readonly (Attempt & { readonly workload: WorkloadId })[]
}

type Step = 'time' | 'fee' | 'redundancy'

/** What another attempt needs, by why the one before ended. What fails by itself fails again, whatever is paid. */
const STEPS: Readonly<Partial<Record<ExpiryReason, Step>>> = {
  TimedOut: 'time',
  Unserved: 'fee',
  InvalidProof: 'redundancy',
  NotRevealed: 'redundancy',
  Unjudged: 'redundancy',
}

const LONGEST = 86_400
const MOST_REDUNDANCY = 8
const MOST_ATTEMPTS = 16
/** Others act for the account at the same time: each takes a nonce. */
const NONCE_TRIES = 8

/**
 * Submits a workload and waits for its proof; when it ends without one, submits it again with more time, fee or redundancy, as its reason asks for,
 * within a budget.
 * @example
 * const { proof } = await client.proveWithin({ program, inputs, maxRunTime: 600, escalation: { budget: 100n * 10n ** 18n } })
 * @throws GevulotError CLIENT_ESCALATION_ENDED when attempts or budget are used up; CLIENT_WORKLOAD_EXPIRED when no other terms would help; as
 * `submit` and {@link waitForProof}
 */
export function proveWithin(client: Client, params: ProveWithinParams): Promise<ProvenWithin> {
  return call(client, params, async (client) => {
    const { escalation, earlier = [], onAttempt, onWorkload, ...request } = params
    const { signal, redundancy = 1 } = params
    const most = Math.min(escalation.attempts ?? 3, MOST_ATTEMPTS)
    const made: (Attempt & { readonly workload: WorkloadId })[] = []
    const give = async (attempt: Attempt, keep: (until: Promise<unknown>) => void): Promise<WorkloadId> => {
      for (let tries = 1, now = attempt; ; tries++) {
        try {
          const { workload } = await whileUnknown(client, () => submitNow(client, { ...request, ...now }, keep), {
            ...(signal && { signal }),
          })
          made.push({ ...now, workload })
          await onWorkload?.(workload, made.length - 1)
          return workload
        } catch (error) {
          // Somebody else used the nonce, so nothing was sent with it.
          if (!GevulotError.is(error, 'CLIENT_NONCE_USED') || tries >= NONCE_TRIES) throw error
          now = { ...now, nonce: (await getBalance(client)).nonce }
          await onAttempt?.(now, made.length)
        }
      }
    }
    let terms: Omit<Attempt, 'nonce' | 'fee'> & { readonly fee?: bigint } = { ...params, redundancy }
    let failure: GevulotError | undefined
    for (;;) {
      // In one turn, so that two of one client do not choose the same nonce.
      const { attempt, workload } = await inTurn(client.submissions, async (keep) => {
        let next = earlier[made.length]
        if (next === undefined) {
          next = await fixed(client, params, terms)
          await checkBudget(client, made, next, escalation, most, failure)
          await onAttempt?.(next, made.length)
        }
        return { attempt: next, workload: await give(next, keep) }
      })
      try {
        const proof = await waitForProof(client, { workload, ...(signal && { signal }) })
        return { proof, workload, attempts: made }
      } catch (error) {
        if (!GevulotError.is(error, 'CLIENT_WORKLOAD_EXPIRED')) throw error
        failure = error
        terms = escalated(attempt, error, escalation)
      }
    }
  })
}

/** The terms of another attempt. @throws the error itself when they would not help */
function escalated(
  { fee, maxRunTime, redundancy }: Attempt,
  error: GevulotError,
  { timePercent = 200, feePercent = 150, moreRedundancy = 1 }: Escalation,
) {
  switch (STEPS[error.details?.['reason'] as ExpiryReason]) {
    case 'time':
      if (maxRunTime >= LONGEST) throw error
      return { fee, redundancy, maxRunTime: Math.min(LONGEST, Math.ceil((maxRunTime * timePercent) / 100)) }
    case 'fee':
      return { fee: (fee * BigInt(feePercent)) / 100n, maxRunTime, redundancy }
    case 'redundancy':
      return { fee, maxRunTime, redundancy: Math.min(MOST_REDUNDANCY, redundancy + moreRedundancy) }
    default:
      throw error
  }
}

/** An attempt with the fee that its terms need, and the account's next nonce. */
async function fixed(
  client: Client,
  { program }: ProveWithinParams,
  { fee = 0n, maxRunTime, redundancy }: Omit<Attempt, 'nonce' | 'fee'> & { readonly fee?: bigint },
): Promise<Attempt> {
  const { minimumFee } = await quote(client, { program, maxRunTime, redundancy })
  const { nonce } = await getBalance(client)
  return { nonce, fee: fee > minimumFee ? fee : minimumFee, maxRunTime, redundancy }
}

async function checkBudget(
  client: Client,
  made: readonly { readonly workload: WorkloadId; readonly fee: bigint }[],
  { fee }: Attempt,
  { budget }: Escalation,
  most: number,
  cause: GevulotError | undefined,
): Promise<void> {
  const costs = await Promise.all(made.map((one) => costOf(client, one)))
  const spent = costs.reduce((sum, cost) => sum + cost, 0n)
  if (made.length < most && spent + fee <= budget) return
  const why =
    made.length < most ? `another costs ${fee}, and ${budget - spent} of ${budget} are left` : `${most} are made`
  throw clientError('CLIENT_ESCALATION_ENDED', `no attempt follows: ${why}`, {
    ...(cause && { cause }),
    details: { attempts: made.length, spent, budget, reason: cause?.details?.['reason'] },
  })
}

/** What an attempt has cost as far as it is settled; the whole fee before. */
async function costOf(client: Client, { workload, fee }: { readonly workload: WorkloadId; readonly fee: bigint }) {
  const now = await whileUnknown(client, () => getWorkload(client, { workload }))
  return now.status === 'expired' || now.status === 'cancelled' || now.status === 'proven' ? fee - now.refunded : fee
}
