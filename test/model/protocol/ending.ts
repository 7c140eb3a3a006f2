/** How the model ends a workload: settle, clear, slash. Written from design §3 and §4. */
import type { Outcome } from '../../../sdk/src/chain/index.js'
import { balanceOf, credit } from './balances.js'
import { conclude, type Conclusion } from './judging.js'
import { shareOf } from './ranks.js'
import { epochAt, slashSeat } from './registry.js'
import type { Commit, Job, Moment, Place, Rules, State } from './state.js'
import { refuse, Refused } from './state.js'
import {
  accepted,
  areRevealsOver,
  committeeShareOf,
  deadline,
  end,
  endUnproved,
  failReason,
  inPhase,
  isReleased,
  own,
  placeOf,
  potOf,
  remove,
} from './work.js'

const ASSIGN_EPOCHS = 3

function outcomeOf(job: Job): Outcome {
  const verdicts = job.commits.map(({ verdict }) => verdict)
  if (verdicts.includes('valid')) return 'Proven'
  if (verdicts.includes('invalid')) return 'InvalidProof'
  if (verdicts.length > 0) return 'NotRevealed'
  if (accepted(job) > 0) return 'TimedOut'
  switch (failReason(job)) {
    case 'ProgramFailed':
      return 'ProgramFailed'
    case 'InputsUnavailable':
      return 'InputsUnavailable'
    case 'OutOfTime':
      return 'TimedOut'
    case 'None':
      return 'Unserved'
  }
}

/** Ends a workload. */
export function settle(state: State, rules: Rules, moment: Moment, number: number, seats: readonly number[]): void {
  const job = state.jobs[number]!
  if (job.phase === 'Pending') settleUndrawn(state, rules, moment, job)
  else settleDrawn(state, rules, moment, job, seats)
}

function settleUndrawn(state: State, rules: Rules, { caller, now }: Moment, job: Job): void {
  refuse(epochAt(rules, now) <= job.epoch + ASSIGN_EPOCHS, 'WrongPhase')
  credit(state, job.requester, job.fee - job.rules.settleBounty)
  credit(state, caller, job.rules.settleBounty)
  Object.assign(job, { phase: 'Final', outcome: 'Unserved', dutyEnded: true })
}

function settleDrawn(state: State, rules: Rules, { caller, now }: Moment, job: Job, seats: readonly number[]): void {
  refuse(job.phase !== 'Proving', 'WrongPhase')
  refuse(!areRevealsOver(job, now), 'TooEarly')
  const verdict = job.reveals.length > 0 ? conclude(state, rules, now, job) : undefined
  const outcome = verdict?.isJudged === false ? 'Unjudged' : outcomeOf(job)
  const released = isReleased(job)
  const listed = new Set(seats)
  const earning = inOrder(job, outcome)
  refuse(
    earning.some(({ seat }) => !listed.has(seat)),
    'ClaimsIncomplete',
  )
  const waiting = released ? acceptedPlaces(state, job, listed) : []
  refuse(released && waiting.length !== accepted(job) - own(job), 'ClaimsIncomplete')
  for (const id of listed) {
    const place = placeOf(state, id, job)
    if (place === undefined) continue
    const seat = state.seats.get(id)!
    if (isProved(job, place)) end(state, rules, now, seat, place, 'proof')
    else endUnproved(state, rules, now, seat, place, { outcome, dutyEnded: released })
  }
  // Nobody is to gain by stalling: of what no committee judged a half is shared, by revealers and by those that were at work.
  const pot = outcome === 'Unjudged' ? potOf(job) / 2n : potOf(job)
  let left = job.fee - job.rules.assignBounty - job.rules.settleBounty
  if (outcome === 'Unserved') {
    credit(state, job.requester, pot)
    left -= pot
  } else {
    const ranks = payRanks(state, job, outcome, pot)
    left -= ranks + compensate(state, job, pot, pot - ranks, waiting) + payMembers(state, job, verdict)
  }
  const ender = balanceOf(state, caller)
  ender.free += job.rules.settleBounty
  ender.toBurn += left
  const ranks = ranked(job, outcome)
  const orders = ranks.map((commit) => job.commits.indexOf(commit))
  const receipt = outcome === 'Proven' ? { burned: left, ranks, orders } : undefined
  Object.assign(job, { phase: 'Final', outcome, dutyEnded: released, receipt })
}

/** Whether the proof of a place was found valid, by a contract or by a committee. */
function isProved(job: Job, { state, order }: Place): boolean {
  return (state === 'Valid' || state === 'Revealed') && job.commits[order]!.verdict === 'valid'
}

/** Places among `listed` that accepted in time and are still waiting. */
function acceptedPlaces(state: State, job: Job, listed: ReadonlySet<number>): Place[] {
  return [...listed].flatMap((id) => {
    const place = placeOf(state, id, job)
    return place?.state === 'Accepted' && place.inTime ? [place] : []
  })
}

/** Commits in the order of ranks: seats' own slots before open ones, each by commit order, of those that are paid. */
function inOrder(job: Job, outcome: Outcome): Commit[] {
  const paid = outcome === 'Unjudged' ? 'shown' : 'valid'
  const all = job.commits.filter(({ verdict }) => verdict === paid)
  return [...all.filter(({ open }) => !open), ...all.filter(({ open }) => open)]
}

/** Commits that have a rank; one at most for an operator's open commit. */
function ranked(job: Job, outcome: Outcome): Commit[] {
  const before = new Set<string>()
  const ranks = inOrder(job, outcome).filter(({ operator, open }) => {
    const again = open && before.has(operator)
    before.add(operator)
    return !again
  })
  return ranks.slice(0, job.redundancy)
}

/** Pays ranks. */
function payRanks(state: State, job: Job, outcome: Outcome, pot: bigint): bigint {
  let paid = 0n
  for (const [rank, { operator }] of ranked(job, outcome).entries()) {
    const amount = shareOf(pot, rank, job.redundancy)
    paid += amount
    credit(state, operator, amount)
  }
  return paid
}

/** Pays the members of the committee. */
function payMembers(state: State, job: Job, verdict: Conclusion | undefined): bigint {
  if (verdict === undefined || !verdict.isJudged) return 0n
  const each = committeeShareOf(job) / BigInt(verdict.parts)
  for (const operator of verdict.payees) credit(state, operator, each)
  return each * BigInt(verdict.payees.length)
}

/** After a release: what a cancel would have paid those that were at work, out of the unfilled ranks. */
function compensate(state: State, job: Job, pot: bigint, unfilled: bigint, waiting: readonly Place[]): bigint {
  if (waiting.length === 0) return 0n
  const count = BigInt(waiting.length)
  const worked = BigInt(deadline(job) - job.drawnAt)
  const asCancelled = (pot * worked) / BigInt(job.maxRunTime * job.redundancy)
  const each = asCancelled < unfilled / count ? asCancelled : unfilled / count
  for (const { operator } of waiting) credit(state, operator, each)
  return each * count
}

/** Frees a seat of a finished workload. */
export function clear(state: State, rules: Rules, { now }: Moment, number: number, id: number): void {
  const job = inPhase(state, number, 'Final')
  const place = placeOf(state, id, job)
  if (place === undefined) throw new Refused('SeatNotInWorkload')
  const { dutyEnded } = job
  endUnproved(state, rules, now, state.seats.get(id)!, place, { outcome: job.outcome, dutyEnded })
}

/** Slashes a seat that never answered. */
export function slash(state: State, rules: Rules, { caller, now }: Moment, number: number, id: number): void {
  const job = state.jobs[number]!
  refuse(job.phase === 'Pending', 'WrongPhase')
  refuse(now <= job.drawnAt + job.rules.silenceWindow, 'TooEarly')
  const place = placeOf(state, id, job)
  const over = job.phase === 'Final' ? job.dutyEnded : isReleased(job)
  if (over || place?.state !== 'Assigned') throw new Refused('NotSilent')
  const seat = state.seats.get(id)!
  remove(seat, place)
  slashSeat(state, rules, now, seat, caller)
}
