import { z } from 'zod'
import { amount } from './shapes.js'

const count = z.number()

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
    uploads: z.object({ count, bytes: z.number() }),
    /** The last 31 days with requests, newest first, in UTC. */
    days: z.array(z.object({ day: z.string(), requests: count, fees: amount })),
  })
  .meta({ id: 'Account' })
