/** The prover registry, written from design §4 and §5 and the interface's words: seats, bonds, the frozen active set. */
import { checkList } from './access.js'
import type { Account, ClassTerms, Discipline, Moment, Rules, Seat, State } from './state.js'
import { refuse, Refused } from './state.js'

const WEEK = 604_800
const MOST_SEATS = 64
const REJOIN_EPOCHS = 3
const MOST_CHARGE_BPS = 500n
const NOBODY: readonly number[] = []

/** The epoch of a time, from 1. */
export function epochAt(rules: Rules, now: number): number {
  return Math.floor((now - rules.genesis) / rules.epochLength) + 1
}

/** The active set of a class that is in force in `epoch`, by position. */
export function setIn(state: State, of: number, epoch: number): readonly number[] {
  return state.sets.findLast((set) => set.class === of && set.epoch <= epoch)?.seats ?? NOBODY
}

/** Terms of the class of a seat. */
export function termsOf(state: State, seat: Seat): ClassTerms {
  return state.classes.get(seat.class)!
}

/** What a class takes from those who fail it, at a time. */
export function disciplineAt({ discipline, coming }: ClassTerms, now: number): Discipline {
  return coming !== undefined && now >= coming.from ? coming.discipline : discipline
}

/** Whether the seats of a class have to qualify. */
function mustQualify(state: State, of: number): boolean {
  return state.schedules.get(of)?.policy !== undefined
}

function changeSet(state: State, rules: Rules, now: number, of: number, change: (seats: number[]) => void): void {
  const seats = [...(state.sets.findLast((set) => set.class === of)?.seats ?? NOBODY)]
  change(seats)
  state.sets.push({ class: of, epoch: epochAt(rules, now) + 1, seats })
}

function enter(state: State, rules: Rules, now: number, seat: Seat): void {
  seat.status = 'Active'
  seat.fromEpoch = epochAt(rules, now) + 1
  seat.leftEpoch = undefined
  changeSet(state, rules, now, seat.class, (seats) => seats.push(seat.id))
}

/** Puts a bonded seat into the active set, or lets it wait for a check where its class has a puzzle. */
function enterOrWait(state: State, rules: Rules, now: number, seat: Seat): void {
  if (mustQualify(state, seat.class)) seat.status = 'Inactive'
  else enter(state, rules, now, seat)
}

/** The last seat of the set takes the place of the one that goes. */
function exit(state: State, rules: Rules, now: number, seat: Seat): void {
  seat.leftEpoch = epochAt(rules, now)
  changeSet(state, rules, now, seat.class, (seats) => {
    const last = seats.pop()!
    if (last !== seat.id) seats[seats.indexOf(seat.id)] = last
  })
}

/** Whether the seat has an answer to give, or has accepted and not yet committed. */
export function isHeld(seat: Seat): boolean {
  return seat.main?.state === 'Assigned' || seat.main?.state === 'Accepted'
}

function ownSeat(state: State, id: number, caller: Account): Seat {
  const seat = state.seats.get(id)
  if (seat?.operator !== caller) throw new Refused('NotSeatOperator')
  return seat
}

/** Takes tokens from a wallet. */
export function takeFromWallet(state: State, account: Account, amount: bigint): void {
  const have = state.wallets.get(account) ?? 0n
  refuse(have < amount, 'ERC20InsufficientBalance')
  state.wallets.set(account, have - amount)
}

/** Moves tokens into a wallet. */
export function payToWallet(state: State, account: Account, amount: bigint): void {
  state.wallets.set(account, (state.wallets.get(account) ?? 0n) + amount)
}

/** Bonds seats of a class. */
export function stake(state: State, rules: Rules, moment: Moment, of: number, count: number, floor: bigint): void {
  const { caller, now } = moment
  checkList(state, 'Operators', caller)
  refuse(count < 1 || count > MOST_SEATS, 'InvalidSeatCount')
  const terms = state.classes.get(of)
  if (terms === undefined) throw new Refused('UnknownClass')
  takeFromWallet(state, caller, terms.bond * BigInt(count))
  for (let i = 0; i < count; i += 1) {
    const seat: Seat = {
      id: state.seats.size + 1,
      class: of,
      operator: caller,
      floor,
      status: 'Inactive',
      bond: terms.bond,
      unlockAt: 0,
      fromEpoch: 0,
      leftEpoch: undefined,
      declineWeek: 0,
      declines: 0,
      streak: 0,
      checked: 0,
      excuses: 0,
      unjudged: 0,
      main: undefined,
      aside: [],
    }
    state.seats.set(seat.id, seat)
    enterOrWait(state, rules, now, seat)
  }
}

/** Puts a seat back into the active set, or lets it wait for a check. */
export function join(state: State, rules: Rules, { caller, now }: Moment, id: number, floor: bigint): void {
  const seat = ownSeat(state, id, caller)
  const { bond } = termsOf(state, seat)
  refuse(seat.status === 'Active', 'WrongSeatStatus')
  const cools = seat.status === 'Dropped' || (seat.status === 'Leaving' && mustQualify(state, seat.class))
  refuse(cools && now < seat.unlockAt, 'CoolingDown')
  // Draws of the epochs before it left may still name it with its old floor, for three epochs.
  refuse(seat.leftEpoch !== undefined && epochAt(rules, now) <= seat.leftEpoch + REJOIN_EPOCHS, 'RejoinTooEarly')
  refuse(seat.bond < bond, 'BondIncomplete')
  seat.unlockAt = 0
  seat.floor = floor
  enterOrWait(state, rules, now, seat)
}

/** Puts a waiting seat into the active set: it has solved its puzzle. */
export function activate(state: State, rules: Rules, now: number, seat: Seat): void {
  refuse(seat.bond < termsOf(state, seat).bond, 'BondIncomplete')
  enter(state, rules, now, seat)
}

/** Takes a seat out by its operator's wish. */
export function leave(state: State, rules: Rules, { caller, now }: Moment, id: number): void {
  const seat = ownSeat(state, id, caller)
  refuse(seat.status !== 'Active' && seat.status !== 'Inactive', 'WrongSeatStatus')
  if (seat.status === 'Active') exit(state, rules, now, seat)
  seat.status = 'Leaving'
  seat.unlockAt = now + rules.cooldown
}

/** Brings a bond back to what the class asks for. */
export function topUp(state: State, { caller }: Moment, id: number): void {
  const seat = ownSeat(state, id, caller)
  const { bond } = termsOf(state, seat)
  refuse(seat.bond >= bond, 'NothingDue')
  takeFromWallet(state, caller, bond - seat.bond)
  seat.bond = bond
}

/** Pays a bond out. */
export function withdrawSeat(state: State, { caller, now }: Moment, id: number): void {
  const seat = ownSeat(state, id, caller)
  refuse(seat.status !== 'Leaving' && seat.status !== 'Dropped', 'WrongSeatStatus')
  refuse(now < seat.unlockAt, 'CoolingDown')
  refuse(isHeld(seat), 'SeatHeld')
  refuse(seat.bond === 0n, 'NothingDue')
  payToWallet(state, caller, seat.bond)
  Object.assign(seat, { operator: undefined, status: 'None', bond: 0n, floor: 0n, unlockAt: 0 })
  Object.assign(seat, { declineWeek: 0, declines: 0 })
}

/** Takes part of a seat's bond; the rest of it stays, the seat is out until it is topped up. */
export function slashSeat(state: State, rules: Rules, now: number, seat: Seat, reporter: Account): void {
  const { slashBps, bountyBps } = disciplineAt(termsOf(state, seat), now)
  const loss = (seat.bond * slashBps) / 10_000n
  takeFromBond(state, seat, reporter, loss, (loss * bountyBps) / 10_000n)
  if (seat.status !== 'Active') return
  exit(state, rules, now, seat)
  seat.status = 'Inactive'
}

/** Takes `loss` from a bond: `bounty` of it for who found the seat, unless that is its own operator; the rest burns. */
function takeFromBond(state: State, seat: Seat, finder: Account, loss: bigint, bounty: bigint): void {
  const earned = finder === seat.operator ? 0n : bounty
  seat.bond -= loss
  const report = state.reports.get(finder) ?? { bounty: 0n, burn: 0n }
  state.reports.set(finder, { bounty: report.bounty + earned, burn: report.burn + loss - earned })
}

/** Drops a seat that did not answer a check and takes the prepaid part of its bond. Says whether there was anything to drop. */
export function evictSeat(state: State, rules: Rules, { caller, now }: Moment, seat: Seat, chargeBps: bigint): boolean {
  if (seat.status !== 'Active' && seat.status !== 'Leaving') return false
  const bps = chargeBps < MOST_CHARGE_BPS ? chargeBps : MOST_CHARGE_BPS
  const loss = (seat.bond * bps) / 10_000n
  takeFromBond(state, seat, caller, loss, loss / 2n)
  drop(state, rules, now, seat)
  return true
}

/** Puts a seat out of the active set. */
export function drop(state: State, rules: Rules, now: number, seat: Seat): void {
  if (seat.status === 'Active') {
    exit(state, rules, now, seat)
    seat.unlockAt = now + rules.cooldown
  } else if (seat.status !== 'Leaving') {
    return
  }
  seat.status = 'Dropped'
}

/** Counts a decline of this week; one above the quota drops the seat. */
export function countDecline(state: State, rules: Rules, now: number, seat: Seat): void {
  const week = Math.floor(now / WEEK)
  seat.declines = (seat.declineWeek === week ? seat.declines : 0) + 1
  seat.declineWeek = week
  if (seat.declines > disciplineAt(termsOf(state, seat), now).declineQuota) drop(state, rules, now, seat)
}

/** Pays out what reports earned. */
export function withdrawBounty(state: State, { caller }: Moment): void {
  const report = state.reports.get(caller)
  if (report === undefined || report.bounty === 0n) throw new Refused('NothingDue')
  payToWallet(state, caller, report.bounty)
  report.bounty = 0n
}

/** Burns what slashes left. */
export function burnSlashes(state: State): void {
  let amount = 0n
  for (const report of state.reports.values()) {
    amount += report.burn
    report.burn = 0n
  }
  refuse(amount === 0n, 'NothingDue')
  state.supply -= amount
}
