import { z } from 'zod'
import { amount } from './shapes.js'

const count = z.number()

/** What a key may still do within 24 hours. */
export const allowance = z.object({
  name: z.string(),
  requestsPerDay: count,
  requestsLeft: count,
  spendPerDay: amount,
  spendLeft: amount,
  /** Bytes of content. */
  uploadPerDay: count,
  uploadLeft: count,
})

/** What a key has asked for and what became of it. Amounts are token units as decimal text. */
export const account = z
  .object({
    name: z.string(),
    /** Requests by what became of them. */
    requests: z.object({ accepted: count, submitted: count, refused: count, cancelled: count }),
    /** Fees of what was accepted or submitted: what the limit of a day counts. */
    fees: amount,
    /** Workloads that are final: where their fees went. What is missing went to whoever drew and settled them. */
    final: z.object({ workloads: count, fees: amount, paid: amount, refunded: amount, burned: amount }),
    /** Gas of submissions, in wei; `unknown` of them have none on record. That of deposits, cancels and releases is not in it. */
    gas: z.object({ wei: amount, unknown: count }),
    /** The same fees by what the key calls its requests, the dearest hundred; null: those without a label. */
    labels: z.array(z.object({ label: z.string().nullable(), requests: count, jobs: count, fees: amount })),
    uploads: z.object({ count, bytes: z.number() }),
    /** The last 31 days with requests, newest first, in UTC. */
    days: z.array(z.object({ day: z.string(), requests: count, fees: amount })),
  })
  .meta({ id: 'Account' })

/** A key with its account, as the operator of the server sees it. */
export const keyAccount = z.object({
  /** The digits between gvk_ and the next underscore. */
  id: z.string(),
  revoked: z.boolean(),
  account,
  allowance,
})
