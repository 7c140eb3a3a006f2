import { asChainError, readSlot, type Contracts, type WorkloadId } from '../../chain/index.js'
import type { SeatBook } from '../coordinate/SeatBook.js'
import type { EventStore } from '../store/EventStore.js'
import type { JobStore } from '../store/JobStore.js'
import type { Unheard } from './UnheardWatch.js'

/** What {@link unheardDraws} reads. */
export interface DrawFacts {
  readonly contracts: Contracts
  readonly seats: SeatBook
  readonly events: EventStore
  readonly jobs: JobStore
}

// Each seat is a request; they matter, but not within a second.
const AT_ONCE = 16
/** Draws of a seat that are asked for, newest first: what holds it is hardly older. */
const DRAWS = 32

/**
 * Seats that the market says are at work for something of which no event came: they will be slashed.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function unheardDraws(facts: DrawFacts): Promise<readonly Unheard[]> {
  const busy = new Set((await facts.jobs.unfinished()).map(({ seat }) => seat))
  const unheard: Unheard[] = []
  for (const seat of await held(facts))
    if (!busy.has(seat) && !(await isHeard(facts, seat))) unheard.push({ key: String(seat), about: { seat } })
  return unheard
}

async function held({ contracts, seats }: DrawFacts): Promise<readonly number[]> {
  const own = (await seats.seats()).map(({ seat }) => seat)
  const found: number[] = []
  try {
    for (let at = 0; at < own.length; at += AT_ONCE) {
      const some = own.slice(at, at + AT_ONCE)
      const answers = await Promise.all(some.map((seat) => contracts.market.isHeld(seat)))
      found.push(...some.filter((_, index) => answers[index]))
    }
  } catch (error) {
    throw asChainError(error, 'asking whether seats are at work')
  }
  return found
}

/** Whether it is held for work that was heard of: that may be over, and nobody has cleared it away. */
async function isHeard({ contracts, events }: DrawFacts, seat: number): Promise<boolean> {
  const draws = (await events.named('Assigned')).filter(({ args }) =>
    args.candidates.some((each) => each.seat === seat),
  )
  for (const workload of draws.slice(-DRAWS).map(({ args }): WorkloadId => args.workload)) {
    const { state } = await readSlot(contracts, workload, seat)
    if (state === 'Assigned' || state === 'Accepted') return true
  }
  return false
}
