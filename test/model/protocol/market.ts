/** The market's acts up to a workload's end, written from design §3 and §4. */
import type { FailReason } from '../../../sdk/src/chain/index.js'
import { checkSubmission } from './access.js'
import { balanceOf, credit } from './balances.js'
import { countDecline, epochAt } from './registry.js'
import type { Account, Job, Moment, Place, Rules, State } from './state.js'
import { refuse, Refused } from './state.js'
import {
  accepted,
  baseBurnOf,
  deadline,
  drawnPlace,
  end,
  inPhase,
  isOpen,
  isReleased,
  makeRoom,
  openSlots,
  own,
  placeOf,
  potOf,
  remove,
  responseEnd,
  whileOpen,
} from './work.js'

const DAY = 86_400
const MOST_COMMITS = 31

/** What a requester asks for, as far as the model cares. */
export interface Asked {
  readonly fee: bigint
  readonly maxRunTime: number
  readonly redundancy: number
  readonly rescue: number
  readonly nonce: number
  readonly program: Program
}

/** What of a program the model cares for. */
export interface Program {
  readonly number: number
  readonly class: number
  /** Whether its proofs name their prover. */
  readonly binding: boolean
  /** Whether it has no verifier contract. */
  readonly judged: boolean
}

/** Locks a fee and fixes the round and the set of the draw. */
export function submit(state: State, rules: Rules, moment: Moment, asked: Asked): void {
  lock(state, moment.caller, asked.fee, asked.nonce, 1)
  add(state, rules, moment, asked)
}

/** Submits several workloads, all or none. */
export function submitMany(state: State, rules: Rules, moment: Moment, all: readonly Asked[]): void {
  const [first] = all
  if (first === undefined) throw new Refused('InvalidTerms')
  refuse(
    all.some(({ nonce }, k) => nonce !== first.nonce + k),
    'WrongNonce',
  )
  const sum = all.reduce((total, { fee }) => total + fee, 0n)
  lock(state, moment.caller, sum, first.nonce, all.length)
  for (const asked of all) add(state, rules, moment, asked)
}

function lock(state: State, caller: Account, fee: bigint, nonce: number, count: number): void {
  const balance = balanceOf(state, caller)
  refuse(balance.free < fee, 'InsufficientBalance')
  refuse(balance.nonce !== nonce, 'WrongNonce')
  balance.free -= fee
  balance.nonce += count
}

function add(state: State, rules: Rules, { caller, now, block }: Moment, asked: Asked): void {
  const { fee, maxRunTime, redundancy, rescue, program } = asked
  const { minimum, rules: inForce } = state.classes.get(program.class)!
  checkSubmission(state, now, program.class, caller)
  const frozen = state.written[inForce - 1]
  if (frozen === undefined) throw new Refused('ClassClosed')
  const fits =
    redundancy >= 1 &&
    redundancy <= 8 &&
    maxRunTime > 0 &&
    maxRunTime >= frozen.responseWindow &&
    maxRunTime <= DAY &&
    rescue >= 50 &&
    rescue <= 100
  refuse(!fits, 'InvalidTerms')
  const byTime = minimum.rate * BigInt(maxRunTime)
  refuse(fee < (byTime > minimum.fee ? byTime : minimum.fee) * BigInt(redundancy), 'FeeTooLow')
  refuse(program.judged && frozen.verdictWindow === 0, 'CommitteesOff')
  state.jobs.push({
    number: state.jobs.length,
    requester: caller,
    fee,
    maxRunTime,
    redundancy,
    rescue,
    program: program.number,
    class: program.class,
    binding: program.binding,
    judged: program.judged,
    reveals: [],
    judging: { attempts: [], appeal: undefined },
    round: block + rules.beaconLag,
    epoch: epochAt(rules, now),
    rules: frozen,
    phase: 'Pending',
    outcome: 'None',
    drawnAt: 0,
    closedAt: undefined,
    cancelAskedAt: undefined,
    fates: [],
    commits: [],
    reasons: [],
    committedOpen: [],
    dutyEnded: false,
    receipt: undefined,
  })
}

/** Accepts a slot. */
export function accept(state: State, { caller, now }: Moment, number: number, seat: number): void {
  const job = whileOpen(state, number, now)
  const place = drawnPlace(state, seat, job, caller)
  refuse(place.state !== 'Assigned', 'WrongSlotState')
  place.state = 'Accepted'
  if (now > responseEnd(job)) return
  place.inTime = true
  job.fates[place.slot!] = 'accepted'
}

/** Records a commit. The first of all voids a cancel request. */
function addCommit(job: Job, seat: number, operator: Account, open: boolean): number {
  job.cancelAskedAt = undefined
  return job.commits.push({ seat, operator, open, verdict: 'none' }) - 1
}

/** Commits for the seat's own slot. */
export function commit(state: State, { caller, now }: Moment, number: number, seat: number): void {
  const job = whileOpen(state, number, now)
  const place = drawnPlace(state, seat, job, caller)
  refuse(place.state !== 'Assigned' && place.state !== 'Accepted', 'WrongSlotState')
  const othersMay = openSlots(job, now) > 0
  const lone = job.redundancy === 1 && job.commits.length === 0 && !othersMay
  refuse(lone && !job.judged, 'SubmitAtOnce')
  commitOwn(job, place, seat, caller, othersMay, now)
  place.state = 'Committed'
}

function commitOwn(job: Job, place: Place, seat: number, caller: Account, othersMay: boolean, now: number): void {
  place.order = addCommit(job, seat, caller, false)
  job.fates[place.slot!] = 'committed'
  // A lone commit closes nothing: it could be junk, which a committee would see only after the close.
  if (own(job) === job.redundancy && !othersMay && job.redundancy > 1) job.closedAt = now
}

/** Commits for an open slot. */
export function commitOpen(state: State, { caller, now }: Moment, number: number, id: number): void {
  const job = whileOpen(state, number, now)
  refuse(openSlots(job, now) === 0, 'NoOpenSlot')
  refuse(job.commits.length + job.redundancy - own(job) >= MOST_COMMITS, 'TooManyCommits')
  refuse(job.committedOpen.includes(caller), 'AlreadyCommitted')
  const seat = state.seats.get(id)
  if (seat?.operator !== caller) throw new Refused('NotOperator')
  refuse(placeOf(state, id, job) !== undefined, 'SeatNotEligible')
  refuse(seat.status !== 'Active' || seat.class !== job.class || !makeRoom(seat), 'SeatNotEligible')
  job.committedOpen.push(caller)
  const order = addCommit(job, id, caller, true)
  const place = { job: number, operator: caller, slot: undefined, state: 'Committed', inTime: false } as const
  seat.main = { ...place, order, reason: 'None' }
}

/** What is revealed: whether it opens the commitment, whether the public inputs are the workload's, whether the proof is good. */
export interface Shown {
  readonly opens: boolean
  readonly inputs: boolean
  readonly pin: boolean
  readonly good: boolean
}

/** A place with a commit to reveal, in the time for it. */
function revealing(state: State, now: number, number: number, seat: number) {
  const job = inPhase(state, number, 'Proving')
  const from = deadline(job) + job.rules.revealDelay
  refuse(now <= from || now > from + job.rules.revealWindow, 'OutsideRevealWindow')
  const place = placeOf(state, seat, job)
  if (place?.state !== 'Committed') throw new Refused('WrongSlotState')
  return { job, place }
}

/** Reveals a committed proof. */
export function reveal(state: State, { now }: Moment, number: number, seat: number, shown: Shown): void {
  const { job, place } = revealing(state, now, number, seat)
  refuse(!shown.opens, 'CommitmentMismatch')
  refuse(!shown.inputs, 'PublicInputsMismatch')
  refuse(job.judged, 'NoVerifierContract')
  refuse(!shown.pin, 'PinMismatch')
  place.state = shown.good ? 'Valid' : 'Invalid'
  job.commits[place.order]!.verdict = shown.good ? 'valid' : 'invalid'
}

/** Reveals a proof, by its digest, for a committee to judge. */
export function revealToCommittee(
  state: State,
  { caller, now }: Moment,
  number: number,
  seat: number,
  shown: { readonly opens: boolean; readonly fits: boolean; readonly matches: boolean; readonly proofDigest: string },
): void {
  refuse(!inPhase(state, number, 'Proving').judged, 'NotJudged')
  refuse(!shown.fits, 'ContentTooLong')
  const { job, place } = revealing(state, now, number, seat)
  refuse(!shown.opens, 'CommitmentMismatch')
  refuse(!shown.matches, 'ProofNotValid')
  place.state = 'Revealed'
  job.commits[place.order]!.verdict = 'shown'
  job.reveals.push({ order: place.order, operator: caller, proofDigest: shown.proofDigest })
}

/** Shows a proof at once. */
export function submitProof(
  state: State,
  rules: Rules,
  { caller, now }: Moment,
  number: number,
  id: number,
  shown: Shown,
): void {
  const job = whileOpen(state, number, now)
  const place = drawnPlace(state, id, job, caller)
  refuse(place.state !== 'Assigned' && place.state !== 'Accepted', 'WrongSlotState')
  const alone = job.redundancy === 1 && job.commits.length === 0
  refuse(!alone && !job.binding, 'CommitFirst')
  refuse(!shown.inputs, 'PublicInputsMismatch')
  refuse(job.judged, 'NoVerifierContract')
  refuse(!shown.pin, 'PinMismatch')
  refuse(!shown.good, 'ProofNotValid')
  if (alone) {
    end(state, rules, now, state.seats.get(id)!, place, 'proof')
    credit(state, caller, potOf(job) + job.rules.settleBounty)
    const burned = baseBurnOf(job)
    balanceOf(state, caller).toBurn += burned
    const ranks = [{ seat: id, operator: caller, open: false }]
    Object.assign(job, { phase: 'Final', outcome: 'Proven', receipt: { burned, ranks, orders: [0] } })
    return
  }
  commitOwn(job, place, id, caller, openSlots(job, now) > 0, now)
  place.state = 'Valid'
  job.commits.at(-1)!.verdict = 'valid'
}

/** The place of a seat that may still answer. */
function answering(state: State, { caller, now }: Moment, number: number, seat: number) {
  const job = state.jobs[number]!
  refuse(job.phase === 'Pending', 'WrongPhase')
  const place = drawnPlace(state, seat, job, caller)
  refuse(place.state === 'Assigned' && now > job.drawnAt + job.rules.silenceWindow, 'SilenceWindowOver')
  return { job, place, over: job.phase === 'Final' ? job.dutyEnded : isReleased(job) }
}

/** Declines a slot. */
export function decline(state: State, rules: Rules, moment: Moment, number: number, id: number): void {
  const { job, place, over } = answering(state, moment, number, id)
  refuse(place.state !== 'Assigned', 'WrongSlotState')
  const seat = state.seats.get(id)!
  job.fates[place.slot!] = isOpen(job, moment.now) ? 'vacated' : 'lost'
  remove(seat, place)
  if (!over) countDecline(state, rules, moment.now, seat)
}

/** Reports that the work cannot be done. */
export function fail(state: State, rules: Rules, moment: Moment, number: number, id: number, reason: FailReason): void {
  refuse(reason === 'None', 'InvalidTerms')
  const { job, place, over } = answering(state, moment, number, id)
  refuse(place.state !== 'Assigned' && place.state !== 'Accepted', 'WrongSlotState')
  const seat = state.seats.get(id)!
  if (job.phase === 'Final') {
    end(state, rules, moment.now, seat, place, job.outcome === 'Proven' && !over ? 'miss' : 'none')
    return
  }
  const open = isOpen(job, moment.now)
  if (over) {
    if (place.inTime) job.fates[place.slot!] = 'lost'
    end(state, rules, moment.now, seat, place, 'none')
    return
  }
  // After the close the reason does not matter any more: it came too late.
  const counted = open ? reason : 'OutOfTime'
  if (open || place.inTime) job.reasons.push(counted)
  job.fates[place.slot!] = open ? 'vacated' : 'lost'
  place.state = 'Failed'
  place.reason = counted
}

/** Closes commits for the requester. */
export function release(state: State, { caller, now }: Moment, number: number): void {
  refuse(state.jobs[number]!.requester !== caller, 'NotRequester')
  const job = whileOpen(state, number, now)
  refuse(job.commits.length === 0, 'NoCommits')
  job.closedAt = now
}

/** Cancels: at once before the round is fixed, in two steps after the draw. `seats`: who has accepted. */
export function cancel(state: State, rules: Rules, moment: Moment, number: number, seats: readonly number[]): void {
  const { caller, now, block } = moment
  const job = state.jobs[number]!
  refuse(job.requester !== caller, 'NotRequester')
  if (job.phase === 'Pending') {
    refuse(block + 1 >= job.round, 'RoundFixed')
    credit(state, caller, job.fee)
    Object.assign(job, { phase: 'Final', outcome: 'Cancelled', dutyEnded: true })
    return
  }
  whileOpen(state, number, now)
  refuse(job.commits.length > 0, 'CommitsExist')
  if (job.cancelAskedAt === undefined) {
    job.cancelAskedAt = Math.max(now, job.drawnAt + 1)
    return
  }
  refuse(now < job.cancelAskedAt + job.rules.cancelDelay, 'CancelDelayRunning')
  refuse(seats.length !== accepted(job), 'ClaimsIncomplete')
  const pot = potOf(job)
  const each = (pot * BigInt(now - job.drawnAt)) / BigInt(job.maxRunTime * job.redundancy)
  for (const id of seats) {
    const place = placeOf(state, id, job)
    if (place?.state !== 'Accepted' || !place.inTime) throw new Refused('WrongSlotState')
    end(state, rules, now, state.seats.get(id)!, place, 'none')
    credit(state, place.operator, each)
  }
  credit(state, caller, pot - each * BigInt(seats.length) + job.rules.settleBounty)
  balanceOf(state, caller).toBurn += baseBurnOf(job)
  Object.assign(job, { phase: 'Final', outcome: 'Cancelled', dutyEnded: true })
}
