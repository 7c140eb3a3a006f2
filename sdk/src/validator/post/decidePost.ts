import type { CommitteeMember } from '../../chain/index.js'
import type { Ballot } from './Ballot.js'

/** What is known when a member decides whether to post. Times are chain seconds. */
export interface PostFacts {
  readonly now: number
  /** When the window for answers began, and its last second. */
  readonly drawnAt: number
  readonly until: number
  readonly members: readonly CommitteeMember[]
  /** Numbers of the own members. */
  readonly own: ReadonlySet<number>
  /** Checked verdicts at hand, of own members and others. */
  readonly ballots: readonly Ballot[]
  /** When the own verdict was ready, and when everybody's was at hand. */
  readonly readySince: number
  readonly completeSince?: number
  /** Place of the own members in the order of turns, from 0. */
  readonly turn: number
  /** Longest time given to whoever is before. */
  readonly turnSeconds: number
}

/** What to do now. */
export type PostDecision =
  | { readonly do: 'post'; readonly ballots: readonly Ballot[] }
  | { readonly do: 'wait'; readonly until: number }
  /** Every own member has answered. */
  | { readonly do: 'nothing' }

/**
 * When to post, and what: everybody's verdict in one transaction if all are at hand; else what is there, from a third of the
 * window on. Whoever still has an answer to give posts all it holds. Members take turns, so that usually one pays the gas; a turn
 * that passes unused costs nothing, because a verdict is not final before the window is over. In its last sixth nobody
 * waits for anybody. A pure function.
 */
export function decidePost(facts: PostFacts): PostDecision {
  const { now, drawnAt, until, members, own, ballots, readySince, completeSince, turn, turnSeconds } = facts
  const answered = new Set(members.filter((one) => one.answered).map(({ member }) => member))
  const open = ballots.filter(({ member }) => !answered.has(member))
  if (![...own].some((member) => !answered.has(member))) return { do: 'nothing' }
  const window = until - drawnAt
  const step = Math.min(turnSeconds, window / 3 / members.length)
  const begin = completeSince ?? Math.max(readySince, drawnAt + window / 3)
  const from = Math.floor(Math.min(begin + turn * step, until - window / 6))
  if (open.some(({ member }) => own.has(member)) && now >= from) return { do: 'post', ballots: open }
  return { do: 'wait', until: Math.max(from, now + 1) }
}
