/**
 * Committees: open, draw, post, appeal, slash, conclude. Written from design §6, ADR 11 and docs/stages/verify.md. What is decided is
 * counted from the members' answers whenever it is asked for.
 */
import { AbiCoder, keccak256, ZeroHash } from 'ethers'

import type { JudgingStage } from '../../../sdk/src/chain/index.js'
import { shuffled } from './draw.js'
import { drop, epochAt, setIn, slashSeat, takeFromWallet, payToWallet } from './registry.js'
import type { Account, Attempt, Job, Member, Moment, Revealed, Rules, State } from './state.js'
import { refuse, Refused } from './state.js'
import { areRevealsOver, committeeShareOf, inPhase, placeOf } from './work.js'

const FIRST = { size: 7, quorum: 5 }
const APPEAL = { size: 15, quorum: 10 }
const MOST_ATTEMPTS = 3
/** Number of the appeal among the attempts. */
export const APPEAL_NUMBER = MOST_ATTEMPTS + 1
const DRAW_EPOCHS = 3
const BOND_SHARES = 3n
const MISSES_TO_DROP = 3
/** Numbers a member can have. */
const PLACES = 16
const coder = AbiCoder.defaultAbiCoder()

/** The attempt under way, with its number. */
export function current({ judging: { attempts, appeal } }: Job): {
  readonly attempt: Attempt
  readonly number: number
} {
  const attempt = appeal?.attempt ?? attempts.at(-1)
  if (attempt === undefined) throw new Error('no attempt was opened')
  return { attempt, number: appeal === undefined ? attempts.length : APPEAL_NUMBER }
}

/** The attempt of a number. */
export function attemptOf({ judging: { attempts, appeal } }: Job, number: number): Attempt | undefined {
  return number === APPEAL_NUMBER ? appeal?.attempt : attempts[number - 1]
}

function answersOf({ members }: Attempt): ReadonlySet<number>[] {
  return members.flatMap(({ answer }) => answer ?? [])
}

/** What an attempt found of a proof; undefined where too few agree. */
function opinionOf(attempt: Attempt, order: number, quorum: number): boolean | undefined {
  const answers = answersOf(attempt)
  const valid = answers.filter((answer) => answer.has(order)).length
  if (valid >= quorum) return true
  return answers.length - valid >= quorum ? false : undefined
}

/** What the committees before an appeal found of a proof: what one decided the next does not judge again. */
function firstOpinion({ judging: { attempts } }: Job, order: number): boolean | undefined {
  for (const attempt of attempts) {
    const found = opinionOf(attempt, order, FIRST.quorum)
    if (found !== undefined) return found
  }
  return undefined
}

function ordersWhere(job: Job, holds: (order: number) => boolean): Set<number> {
  return new Set(job.reveals.map(({ order }) => order).filter(holds))
}

/** Proofs that were valid before an appeal. */
export function validBefore(job: Job): Set<number> {
  return ordersWhere(job, (order) => firstOpinion(job, order) === true)
}

/** Proofs that this or, before an appeal, an earlier attempt has decided. */
export function decided(job: Job): Set<number> {
  const { appeal } = job.judging
  return ordersWhere(job, (order) => {
    const found = appeal === undefined ? firstOpinion(job, order) : opinionOf(appeal.attempt, order, APPEAL.quorum)
    return found !== undefined
  })
}

/** Valid proofs as it stands: what the appeal decided, else what was before. */
export function verdict(job: Job): Set<number> {
  const { appeal } = job.judging
  return ordersWhere(job, (order) => {
    const heard = appeal && opinionOf(appeal.attempt, order, APPEAL.quorum)
    return (heard ?? firstOpinion(job, order)) === true
  })
}

/** Last second in which an attempt can be drawn, or answered once it is. */
export function endOf(rules: Rules, { until, epoch }: Attempt): number {
  return until ?? rules.genesis + (epoch + DRAW_EPOCHS) * rules.epochLength - 1
}

/** Where the judging is at a time. */
export function stageOf(job: Job, rules: Rules, now: number): JudgingStage {
  const { attempts, appeal } = job.judging
  if (attempts.length === 0) return 'None'
  const { attempt } = current(job)
  if (now <= endOf(rules, attempt)) return attempt.until === undefined ? 'Drawing' : 'Voting'
  if (appeal !== undefined) return 'Final'
  const isLast = attempts.length === MOST_ATTEMPTS
  const formed = attempts.some((one) => answersOf(one).length >= FIRST.quorum)
  const complete = formed && decided(job).size === job.reveals.length
  // After the last attempt what no committee agreed on counts as invalid.
  if (complete || (formed && isLast))
    return now <= endOf(rules, attempt) + job.rules.verdictWindow ? 'Appealable' : 'Final'
  return isLast ? 'GivenUp' : 'Failed'
}

/** The workload, once there is something to judge and its reveals are over. */
function judgeable(state: State, now: number, number: number): Job {
  const job = inPhase(state, number, 'Proving')
  refuse(!job.judged, 'NotJudged')
  refuse(!areRevealsOver(job, now), 'TooEarly')
  refuse(job.reveals.length === 0, 'NothingToJudge')
  return job
}

function newAttempt(rules: Rules, { now, block }: Moment): Attempt {
  return { round: block + rules.beaconLag, epoch: epochAt(rules, now), until: undefined, members: [] }
}

/** Opens the judging, or the next attempt after one that failed. */
export function open(state: State, rules: Rules, moment: Moment, number: number): void {
  const job = judgeable(state, moment.now, number)
  const stage = stageOf(job, rules, moment.now)
  refuse(stage !== 'None' && stage !== 'Failed', 'WrongStage')
  if (stage === 'Failed') recordMisses(state, rules, moment.now, current(job).attempt)
  job.judging.attempts.push(newAttempt(rules, moment))
}

/** The lists that whoever draws a committee shows. */
export interface Lists {
  readonly reveals: readonly Revealed[]
  /** Seats with commits that were not revealed. */
  readonly unrevealed: readonly number[]
}

/** The chained hash of reveals. */
export function chained(reveals: readonly Revealed[]): string {
  const types = ['bytes32', 'uint256', 'address', 'bytes32']
  return reveals.reduce(
    (hash, { order, operator, proofDigest }) => keccak256(coder.encode(types, [hash, order, operator, proofDigest])),
    ZeroHash,
  )
}

/** Draws the committee: the first of a random order that are still there and have no commit in the workload. */
export function draw(
  state: State,
  rules: Rules,
  { now }: Moment,
  number: number,
  lists: Lists,
  randomness: string | undefined,
  id: string,
): void {
  const job = judgeable(state, now, number)
  refuse(stageOf(job, rules, now) !== 'Drawing', 'WrongStage')
  if (randomness === undefined) throw new Refused('RoundNotKnown')
  checkLists(state, job, lists)
  const { attempt, number: which } = current(job)
  const { size, quorum } = which === APPEAL_NUMBER ? APPEAL : FIRST
  const seed = keccak256(coder.encode(['bytes32', 'bytes32', 'uint256'], [randomness, id, which]))
  const involved = new Set(job.commits.map(({ operator }) => operator))
  const candidates = shuffled(setIn(state, rules.validators, attempt.epoch), seed, 3 * size).filter((seat) => {
    const { status, operator } = state.seats.get(seat)!
    return (status === 'Active' || status === 'Leaving') && !involved.has(operator!)
  })
  refuse(candidates.length < quorum, 'CommitteeTooSmall')
  for (const seat of candidates.slice(0, size)) {
    attempt.members.push({ seat, answer: undefined, slashed: false })
  }
  attempt.until = now + job.rules.verdictWindow
}

function checkLists(state: State, job: Job, { reveals, unrevealed }: Lists): void {
  refuse(reveals.length + unrevealed.length !== job.commits.length, 'CommitsIncomplete')
  refuse(chained(reveals) !== chained(job.reveals), 'RevealsMismatch')
  const hidden = unrevealed.filter((seat) => placeOf(state, seat, job)?.state === 'Committed')
  refuse(hidden.length !== unrevealed.length || new Set(hidden).size !== hidden.length, 'NotUnrevealed')
}

/** A signed verdict. */
export interface Ballot {
  readonly member: number
  readonly valid: ReadonlySet<number>
  readonly signer: Account
}

function memberOf(attempt: Attempt | undefined, member: number): Member {
  const found = member < PLACES ? attempt?.members[member] : undefined
  if (found === undefined) throw new Refused('UnknownMember')
  return found
}

function checkSigner(state: State, { seat }: Member, signer: Account): void {
  refuse(state.seats.get(seat)!.operator !== signer, 'WrongSigner')
}

/** Counts verdicts; of each member the first. */
export function post(state: State, rules: Rules, { now }: Moment, number: number, ballots: readonly Ballot[]): void {
  const job = state.jobs[number]!
  refuse(stageOf(job, rules, now) !== 'Voting', 'WrongStage')
  const { attempt } = current(job)
  const shown = new Set(job.reveals.map(({ order }) => order))
  for (const { member: which, valid, signer } of ballots) {
    refuse(
      [...valid].some((order) => !shown.has(order)),
      'NotRevealed',
    )
    const member = memberOf(attempt, which)
    checkSigner(state, member, signer)
    member.answer ??= valid
  }
}

/** Appeals the verdict, for a bond. */
export function appeal(state: State, rules: Rules, moment: Moment, number: number): void {
  const job = judgeable(state, moment.now, number)
  refuse(stageOf(job, rules, moment.now) !== 'Appealable', 'WrongStage')
  recordMisses(state, rules, moment.now, current(job).attempt)
  const bond = committeeShareOf(job) * BOND_SHARES
  takeFromWallet(state, moment.caller, bond)
  job.judging.appeal = { attempt: newAttempt(rules, moment), appellant: moment.caller, bond }
}

/** Slashes a member that signed two different verdicts in one attempt. */
export function slash(
  state: State,
  rules: Rules,
  { caller, now }: Moment,
  job: number,
  number: number,
  first: Ballot,
  second: Ballot,
): void {
  const member = memberOf(attemptOf(state.jobs[job]!, number), first.member)
  const same = first.valid.size === second.valid.size && [...first.valid].every((order) => second.valid.has(order))
  refuse(first.member !== second.member || same || member.slashed, 'NotEquivocal')
  checkSigner(state, member, first.signer)
  checkSigner(state, member, second.signer)
  member.slashed = true
  slashSeat(state, rules, now, state.seats.get(member.seat)!, caller)
}

/** Lengthens the streaks of members that did not answer, and ends those of the others. */
function recordMisses(state: State, rules: Rules, now: number, { members }: Attempt): void {
  for (const { seat: id, answer } of members) {
    const seat = state.seats.get(id)!
    seat.unjudged = answer === undefined ? seat.unjudged + 1 : 0
    if (seat.unjudged < MISSES_TO_DROP) continue
    seat.unjudged = 0
    drop(state, rules, now, seat)
  }
}

/** What settling is told. */
export interface Conclusion {
  readonly isJudged: boolean
  /** Number of equal parts of the committee's share, and who gets one. */
  readonly parts: number
  readonly payees: readonly Account[]
}

/** Operators of members that answered, were not slashed for it, and are still there. */
function payeesOf(state: State, attempts: readonly Attempt[]): Account[] {
  const members = attempts.flatMap((attempt) => attempt.members)
  return members
    .filter(({ answer, slashed }) => answer !== undefined && !slashed)
    .flatMap(({ seat }) => state.seats.get(seat)!.operator ?? [])
}

/** Ends the judging: enters the verdict into the workload, closes an appeal, and says who is paid. */
export function conclude(state: State, rules: Rules, now: number, job: Job): Conclusion {
  const stage = stageOf(job, rules, now)
  refuse(stage !== 'Final' && stage !== 'GivenUp', 'WrongStage')
  recordMisses(state, rules, now, current(job).attempt)
  if (stage === 'GivenUp') return { isJudged: false, parts: 0, payees: [] }
  const { appeal: heard, attempts } = job.judging
  const before = validBefore(job)
  const valid = verdict(job)
  for (const { order } of job.reveals) job.commits[order]!.verdict = valid.has(order) ? 'valid' : 'invalid'
  const changed = valid.size !== before.size || [...valid].some((order) => !before.has(order))
  if (heard !== undefined) closeAppeal(state, job, heard, changed)
  if (changed) return { isJudged: true, parts: APPEAL.size, payees: payeesOf(state, [heard!.attempt]) }
  const drawn = attempts.filter(({ until }) => until !== undefined)
  return { isJudged: true, parts: FIRST.size * drawn.length, payees: payeesOf(state, drawn) }
}

/** The bond goes back unless the appeal upheld the verdict; then it pays the members, and the rest burns. */
function closeAppeal(state: State, job: Job, heard: NonNullable<Job['judging']['appeal']>, changed: boolean): void {
  const { attempt, appellant, bond } = heard
  const owe = (account: Account, amount: bigint): void => {
    state.owed.set(account, (state.owed.get(account) ?? 0n) + amount)
  }
  if (changed || decided(job).size === 0) {
    owe(appellant, bond)
    return
  }
  const payees = payeesOf(state, [attempt])
  const each = bond / (BOND_SHARES * BigInt(FIRST.size))
  for (const payee of payees) owe(payee, each)
  state.supply -= bond - each * BigInt(payees.length)
}

/** Pays out what appeals left to the caller. */
export function withdrawOwed(state: State, { caller }: Moment): void {
  const amount = state.owed.get(caller) ?? 0n
  refuse(amount === 0n, 'NothingOwed')
  state.owed.set(caller, 0n)
  payToWallet(state, caller, amount)
}
