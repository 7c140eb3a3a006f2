import { asChainError, readSlot, type Contracts } from '../../chain/index.js'
import type { SeatBook } from '../coordinate/SeatBook.js'
import type { JobState } from '../job/transitions.js'
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

/** States of a job that holds its seat: from the commit on the seat is free for other work. */
const HOLDING: readonly JobState[] = ['assigned', 'fetching', 'running', 'proved', 'declined', 'failed']

/**
 * Seats that the market says are at work for something of which no event came, or whose job is closed: they will be slashed.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export async function unheardDraws(facts: DrawFacts): Promise<readonly Unheard[]> {
  const open = await facts.jobs.unfinished()
  const busy = new Set(open.filter(({ state }) => HOLDING.includes(state)).map(({ seat }) => seat))
  const atWork = (await held(facts)).filter((seat) => !busy.has(seat))
  const unheard = await withoutHeard(facts, atWork)
  return atWork.filter((seat) => unheard.has(seat)).map((seat) => ({ key: String(seat), about: { seat } }))
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

/** Those seats that are not held for work that was heard of, and that nobody here has closed. Without a job it is only watched, and the log says so. */
async function withoutHeard(
  { contracts, events, jobs }: DrawFacts,
  seats: readonly number[],
): Promise<ReadonlySet<number>> {
  const unheard = new Set(seats)
  /** Seats with draws left to ask for, and how many. */
  const left = new Map(seats.map((seat) => [seat, DRAWS]))
  if (left.size === 0) return unheard
  for await (const { args } of events.draws()) {
    for (const { seat } of args.candidates) {
      const draws = left.get(seat)
      if (draws === undefined) continue
      const { state } = await readSlot(contracts, args.workload, seat)
      const isHolding = state === 'Assigned' || state === 'Accepted'
      const isHeard = isHolding && (await jobs.find({ workload: args.workload, seat }))?.closed !== true
      if (isHeard) unheard.delete(seat)
      if (isHeard || draws === 1) left.delete(seat)
      else left.set(seat, draws - 1)
    }
    if (left.size === 0) break
  }
  return unheard
}
