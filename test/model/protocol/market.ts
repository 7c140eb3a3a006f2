/** The market's acts up to a workload's end, written from design §3, §4 and §6. */
import { AbiCoder, concat, keccak256, toBeHex } from 'ethers'

import type { FailReason, Draw } from '../../../sdk/src/chain/index.js'
import { countDecline, epochAt, payToWallet, setIn } from './registry.js'
import type { Account, Balance, Job, Moment, Place, Rules, State } from './state.js'
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

const GWEI = 1_000_000_000n
const DAY = 86_400
const ASSIGN_EPOCHS = 3
const MOST_COMMITS = 31

/** What a requester asks for, as far as the model cares. */
export interface Asked {
  readonly fee: bigint
  readonly maxRunTime: number
  readonly redundancy: number
  readonly rescue: number
  readonly nonce: number
  readonly binding: boolean
}

/** The balance of an account in the market. */
export function balanceOf(state: State, account: Account): Balance {
  let balance = state.balances.get(account)
  if (balance === undefined) {
    balance = { free: 0n, nonce: 0, toBurn: 0n }
    state.balances.set(account, balance)
  }
  return balance
}

/** Adds to a balance. */
export function credit(state: State, account: Account, amount: bigint): void {
  balanceOf(state, account).free += amount
}

/** Pays tokens in. */
export function deposit(state: State, { caller }: Moment, amount: bigint): void {
  refuse((state.wallets.get(caller) ?? 0n) < amount, 'ERC20InsufficientBalance')
  payToWallet(state, caller, -amount)
  credit(state, caller, amount)
}

/** Pays tokens out. */
export function withdraw(state: State, { caller }: Moment, amount: bigint): void {
  refuse(balanceOf(state, caller).free < amount, 'InsufficientBalance')
  credit(state, caller, -amount)
  payToWallet(state, caller, amount)
}

/** Burns what is booked with every account. */
export function burnFees(state: State): void {
  for (const balance of state.balances.values()) {
    state.supply -= balance.toBurn
    balance.toBurn = 0n
  }
}

/** Locks a fee and fixes the round and the set of the draw. */
export function submit(state: State, rules: Rules, { caller, now, block }: Moment, asked: Asked): void {
  const balance = balanceOf(state, caller)
  refuse(balance.free < asked.fee, 'InsufficientBalance')
  refuse(balance.nonce !== asked.nonce, 'WrongNonce')
  const { fee, maxRunTime, redundancy, rescue, binding } = asked
  const fits =
    redundancy >= 1 &&
    redundancy <= 8 &&
    maxRunTime > 0 &&
    maxRunTime >= rules.responseWindow &&
    maxRunTime <= DAY &&
    rescue >= 50 &&
    rescue <= 100
  refuse(!fits, 'InvalidTerms')
  const byTime = rules.minimumRate * BigInt(maxRunTime)
  const minimum = (byTime > rules.minimumFee ? byTime : rules.minimumFee) * BigInt(redundancy)
  refuse(fee < minimum, 'FeeTooLow')
  balance.free -= fee
  balance.nonce += 1
  state.jobs.push({
    number: state.jobs.length,
    requester: caller,
    fee,
    maxRunTime,
    redundancy,
    rescue,
    binding,
    round: block + rules.beaconLag,
    epoch: epochAt(rules, now),
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
  })
}

/** A candidate and what the draw did with it. */
export interface Looked {
  readonly seat: number
  draw: Draw
  slot: number
}

/** The seats of the frozen set in random order, by shuffling a whole copy of it. */
function shuffled(set: readonly number[], seed: string, length: number): number[] {
  const seats = [...set]
  for (let i = 0; i < Math.min(length, seats.length); i += 1) {
    const hash = BigInt(keccak256(concat([seed, toBeHex(i, 32)])))
    const j = i + Number(hash % BigInt(seats.length - i))
    const seat = seats[i]!
    seats[i] = seats[j]!
    seats[j] = seat
  }
  return seats.slice(0, length)
}

/**
 * Draws seats.
 * @param randomness Value of the round, undefined while it is not known.
 * @param id The workload's id on the chain, which the seed contains.
 */
export function assign(
  state: State,
  rules: Rules,
  { caller, now }: Moment,
  number: number,
  randomness: string | undefined,
  id: string,
): Looked[] {
  const job = inPhase(state, number, 'Pending')
  refuse(epochAt(rules, now) > job.epoch + ASSIGN_EPOCHS, 'AssignWindowOver')
  if (randomness === undefined) throw new Refused('RoundNotKnown')
  const seed = keccak256(AbiCoder.defaultAbiCoder().encode(['bytes32', 'bytes32'], [randomness, id]))
  const order = shuffled(setIn(state, job.epoch), seed, 3 * job.redundancy)
  const looked = drawFrom(state, job, order)
  job.phase = 'Proving'
  job.drawnAt = now
  job.fates = Array.from({ length: job.redundancy }, (_, slot) =>
    looked.some((one) => one.slot === slot) ? 'waiting' : 'undrawn',
  )
  credit(state, caller, rules.assignBounty)
  return looked
}

/** Gives slots in the order of the draw: first one an operator, then to operators that have one. */
function drawFrom(state: State, job: Job, order: readonly number[]): Looked[] {
  const offer = job.fee / (BigInt(job.redundancy) * BigInt(job.maxRunTime) * GWEI)
  const operators: (Account | undefined)[] = []
  const looked: Looked[] = []
  const take = (one: Looked): void => {
    const seat = state.seats.get(one.seat)!
    if (!makeRoom(seat)) {
      one.draw = 'Busy'
      return
    }
    const slot = operators.push(seat.operator) - 1
    Object.assign(one, { draw: 'Drawn', slot })
    const place = {
      job: job.number,
      operator: seat.operator!,
      slot,
      state: 'Assigned',
      inTime: false,
      order: 0,
    } as const
    seat.main = { ...place, reason: 'None' }
  }
  const look = (id: number): void => {
    const seat = state.seats.get(id)!
    const one: Looked = { seat: id, draw: 'Spare', slot: 15 }
    looked.push(one)
    if (operators.length === job.redundancy) return
    if (seat.status !== 'Active' && seat.status !== 'Leaving') one.draw = 'Inactive'
    else if (seat.floor > offer) one.draw = 'BelowFloor'
    else if (operators.includes(seat.operator)) one.draw = 'SameOperator'
    else take(one)
  }
  order.slice(0, job.redundancy).forEach(look)
  if (operators.length < job.redundancy) order.slice(job.redundancy).forEach(look)
  for (const one of looked) {
    if (one.draw === 'SameOperator' && operators.length < job.redundancy) take(one)
  }
  return looked
}

/** Accepts a slot. */
export function accept(state: State, rules: Rules, { caller, now }: Moment, number: number, seat: number): void {
  const job = whileOpen(state, number, now)
  const place = drawnPlace(state, seat, job, caller)
  refuse(place.state !== 'Assigned', 'WrongSlotState')
  place.state = 'Accepted'
  if (now > responseEnd(job, rules)) return
  place.inTime = true
  job.fates[place.slot!] = 'accepted'
}

/** Records a commit. The first of all voids a cancel request. */
function addCommit(job: Job, seat: number, operator: Account, open: boolean): number {
  job.cancelAskedAt = undefined
  return job.commits.push({ seat, operator, open, verdict: 'none' }) - 1
}

/** Commits for the seat's own slot. */
export function commit(state: State, rules: Rules, { caller, now }: Moment, number: number, seat: number): void {
  const job = whileOpen(state, number, now)
  const place = drawnPlace(state, seat, job, caller)
  refuse(place.state !== 'Assigned' && place.state !== 'Accepted', 'WrongSlotState')
  const othersMay = openSlots(job, rules, now) > 0
  refuse(job.redundancy === 1 && job.commits.length === 0 && !othersMay, 'SubmitAtOnce')
  commitOwn(job, place, seat, caller, othersMay, now)
  place.state = 'Committed'
}

function commitOwn(job: Job, place: Place, seat: number, caller: Account, othersMay: boolean, now: number): void {
  place.order = addCommit(job, seat, caller, false)
  job.fates[place.slot!] = 'committed'
  if (own(job) === job.redundancy && !othersMay) job.closedAt = now
}

/** Commits for an open slot. */
export function commitOpen(state: State, rules: Rules, { caller, now }: Moment, number: number, id: number): void {
  const job = whileOpen(state, number, now)
  refuse(openSlots(job, rules, now) === 0, 'NoOpenSlot')
  refuse(job.commits.length + job.redundancy - own(job) >= MOST_COMMITS, 'TooManyCommits')
  refuse(job.committedOpen.includes(caller), 'AlreadyCommitted')
  const seat = state.seats.get(id)
  if (seat?.operator !== caller) throw new Refused('NotOperator')
  refuse(placeOf(state, id, job) !== undefined, 'SeatNotEligible')
  refuse(seat.status !== 'Active' || !makeRoom(seat), 'SeatNotEligible')
  job.committedOpen.push(caller)
  const order = addCommit(job, id, caller, true)
  const place = { job: number, operator: caller, slot: undefined, state: 'Committed', inTime: false } as const
  seat.main = { ...place, order, reason: 'None' }
}

/** What is revealed: whether it opens the commitment, whether the public inputs are the workload's, whether the proof is good. */
export interface Shown {
  readonly opens: boolean
  readonly inputs: boolean
  readonly good: boolean
}

/** Reveals a committed proof. */
export function reveal(state: State, rules: Rules, { now }: Moment, number: number, seat: number, shown: Shown): void {
  const job = inPhase(state, number, 'Proving')
  const from = deadline(job) + rules.revealDelay
  refuse(now <= from || now > from + rules.revealWindow, 'OutsideRevealWindow')
  const place = placeOf(state, seat, job)
  if (place?.state !== 'Committed') throw new Refused('WrongSlotState')
  refuse(!shown.opens, 'CommitmentMismatch')
  refuse(!shown.inputs, 'PublicInputsMismatch')
  place.state = shown.good ? 'Valid' : 'Invalid'
  job.commits[place.order]!.verdict = shown.good ? 'valid' : 'invalid'
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
  refuse(!shown.good, 'ProofNotValid')
  if (alone) {
    end(state, rules, now, state.seats.get(id)!, place, 'proof')
    credit(state, caller, potOf(job, rules) + rules.settleBounty)
    balanceOf(state, caller).toBurn += baseBurnOf(job, rules)
    Object.assign(job, { phase: 'Final', outcome: 'Proven' })
    return
  }
  commitOwn(job, place, id, caller, openSlots(job, rules, now) > 0, now)
  place.state = 'Valid'
  job.commits.at(-1)!.verdict = 'valid'
}

/** The place of a seat that may still answer. */
function answering(state: State, rules: Rules, { caller, now }: Moment, number: number, seat: number) {
  const job = state.jobs[number]!
  refuse(job.phase === 'Pending', 'WrongPhase')
  const place = drawnPlace(state, seat, job, caller)
  refuse(place.state === 'Assigned' && now > job.drawnAt + rules.silenceWindow, 'SilenceWindowOver')
  return { job, place, over: job.phase === 'Final' ? job.dutyEnded : isReleased(job) }
}

/** Declines a slot. */
export function decline(state: State, rules: Rules, moment: Moment, number: number, id: number): void {
  const { job, place, over } = answering(state, rules, moment, number, id)
  refuse(place.state !== 'Assigned', 'WrongSlotState')
  const seat = state.seats.get(id)!
  job.fates[place.slot!] = isOpen(job, moment.now) ? 'vacated' : 'lost'
  remove(seat, place)
  if (!over) countDecline(state, rules, moment.now, seat)
}

/** Reports that the work cannot be done. */
export function fail(state: State, rules: Rules, moment: Moment, number: number, id: number, reason: FailReason): void {
  refuse(reason === 'None', 'InvalidTerms')
  const { job, place, over } = answering(state, rules, moment, number, id)
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
  refuse(now < job.cancelAskedAt + rules.cancelDelay, 'CancelDelayRunning')
  refuse(seats.length !== accepted(job), 'ClaimsIncomplete')
  const pot = potOf(job, rules)
  const each = (pot * BigInt(now - job.drawnAt)) / BigInt(job.maxRunTime * job.redundancy)
  for (const id of seats) {
    const place = placeOf(state, id, job)
    if (place?.state !== 'Accepted' || !place.inTime) throw new Refused('WrongSlotState')
    end(state, rules, now, state.seats.get(id)!, place, 'none')
    credit(state, place.operator, each)
  }
  credit(state, caller, pot - each * BigInt(seats.length) + rules.settleBounty)
  balanceOf(state, caller).toBurn += baseBurnOf(job, rules)
  Object.assign(job, { phase: 'Final', outcome: 'Cancelled', dutyEnded: true })
}
