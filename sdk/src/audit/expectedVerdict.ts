import type { CommitteeEvent } from '../chain/events.js'
import { isIn } from '../chain/isIn.js'
import { COMMITTEE_SIZE } from '../chain/rewards.js'

/** What the committees of a workload came to. Sets of proofs are numbers with bit k for commit order k. */
export interface ExpectedVerdict {
  /** False when no committee came together. */
  readonly judged: boolean
  readonly valid: number
  /** Parts the committee's share is cut into, and how many of them are paid. */
  readonly parts: number
  readonly members: number
}

// Mirror the constants of `Committee`.
const QUORUM = 5
const APPEAL_QUORUM = 10
const APPEAL_SIZE = 15
const APPEAL = 4

interface Attempt {
  readonly attempt: number
  readonly drawn: boolean
  readonly revealed: number
  /** Seat to what it found valid. */
  readonly votes: ReadonlyMap<number, number>
  /** Members that answered, were not slashed for it, and have a seat still. */
  readonly paid: number
}

/**
 * Counts the answers of all committees of a workload again, by the rules of the contract: proof by proof, five equal opinions (on
 * appeal ten), what one committee decided stays. Source: design section 6.
 * @param events The committee's events about the workload, in order, up to its end.
 * @param gone Seats of members that were withdrawn before the end: they have no operator to pay. Their answers count.
 */
export function expectedVerdict(
  events: readonly CommitteeEvent[],
  gone: ReadonlySet<number> = new Set(),
): ExpectedVerdict {
  const attempts = [1, 2, 3].map((attempt) => attemptOf(events, attempt, gone))
  let decided = 0
  let valid = 0
  for (const attempt of attempts) {
    const found = count(attempt, QUORUM)
    valid |= found.valid & ~decided
    decided |= found.decided
  }
  const appeal = attemptOf(events, APPEAL, gone)
  const found = count(appeal, APPEAL_QUORUM)
  const final = ((found.valid & found.decided) | (valid & ~found.decided)) >>> 0
  if (final !== valid) return { judged: true, valid: final, parts: APPEAL_SIZE, members: appeal.paid }
  return {
    judged: attempts.some(({ votes }) => votes.size >= QUORUM),
    valid,
    parts: COMMITTEE_SIZE * attempts.filter(({ drawn }) => drawn).length,
    members: attempts.reduce((sum, { paid }) => sum + paid, 0),
  }
}

function attemptOf(events: readonly CommitteeEvent[], attempt: number, gone: ReadonlySet<number>): Attempt {
  const votes = new Map<number, number>()
  const slashed = new Set<number>()
  let drawn = false
  let revealed = 0
  for (const { name, args } of events) {
    if (!('attempt' in args) || args.attempt !== attempt) continue
    if (name === 'CommitteeDrawn') [drawn, revealed] = [true, args.revealed]
    if (name === 'Voted') votes.set(args.seat, args.valid)
    if (name === 'Equivocated') slashed.add(args.seat)
  }
  const paid = [...votes.keys()].filter((seat) => !slashed.has(seat) && !gone.has(seat)).length
  return { attempt, drawn, revealed, votes, paid }
}

function count({ revealed, votes }: Attempt, quorum: number): { readonly decided: number; readonly valid: number } {
  let [decided, valid] = [0, 0]
  for (let order = 0; revealed >>> order !== 0; order++) {
    if (!isIn(revealed, order)) continue
    const found = [...votes.values()].filter((vote) => isIn(vote, order)).length
    if (found >= quorum) valid |= 1 << order
    if (found >= quorum || votes.size - found >= quorum) decided |= 1 << order
  }
  return { decided, valid }
}
