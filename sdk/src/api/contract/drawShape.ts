import { z } from 'zod'
import { DRAWS, SEAT_STATUSES } from '../../chain/names.js'

const whole = z.number().int().min(0)
const account = z.string().regex(/^0x[0-9a-fA-F]{40}$/)
const word = z.string().regex(/^0x[0-9a-f]{64}$/)
const drawn = z.object({ seat: whole, operator: account, draw: z.enum(DRAWS), slot: whole })

/** What a draw follows from, and what the chain reports of it. */
export const drawFacts = z
  .object({
    workload: word,
    round: whole,
    /** The beacon's value; zero for none. */
    randomness: word,
    epoch: whole,
    /** The active set by position, as frozen at the epoch. */
    set: z.array(whole),
    redundancy: whole,
    /** Gwei of the token per second and slot, as decimal text. */
    offer: z.string().regex(/^\d{1,30}$/),
    /** What the registry says of the seats of the sequence, in its order. */
    candidates: z.array(
      z.object({
        ...{ seat: whole, operator: account, status: z.enum(SEAT_STATUSES) },
        priceFloor: z.string().regex(/^\d{1,30}$/),
      }),
    ),
    /** Seats that could take no work, and those of which it cannot be told. */
    ...{ busy: z.array(whole), uncertain: z.array(whole) },
    /** What the Assigned event reports. */
    have: z.array(drawn),
  })
  .meta({ id: 'DrawFacts' })
