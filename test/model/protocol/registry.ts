/** The prover registry, written from design §4 and §5 and the interface's words: seats, bonds, the frozen active set. */
import type { Account, Moment, Rules, Seat, State } from './state.js'
import { refuse, Refused } from './state.js'

const WEEK = 604_800
const NOBODY: readonly number[] = []

/** The epoch of a time, from 1. */
export function epochAt(rules: Rules, now: number): number {
  return Math.floor((now - rules.genesis) / rules.epochLength) + 1
}

/** The active set in force in `epoch`, by position. */
export function setIn(state: State, epoch: number): readonly number[] {
  return state.sets.findLast((set) => set.epoch <= epoch)?.seats ?? NOBODY
}

function changeSet(state: State, rules: Rules, now: number, change: (seats: number[]) => void): void {
  const seats = [...(state.sets.at(-1)?.seats ?? NOBODY)]
  change(seats)
  state.sets.push({ epoch: epochAt(rules, now) + 1, seats })
}

function enter(state: State, rules: Rules, now: number, seat: Seat): void {
  seat.status = 'Active'
  changeSet(state, rules, now, (seats) => seats.push(seat.id))
}

/** The last seat of the set takes the place of the one that goes. */
function exit(state: State, rules: Rules, now: number, seat: Seat): void {
  seat.leftEpoch = epochAt(rules, now)
  changeSet(state, rules, now, (seats) => {
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

function takeFromWallet(state: State, account: Account, amount: bigint): void {
  const have = state.wallets.get(account) ?? 0n
  refuse(have < amount, 'ERC20InsufficientBalance')
  state.wallets.set(account, have - amount)
}

/** Moves tokens into a wallet. */
export function payToWallet(state: State, account: Account, amount: bigint): void {
  state.wallets.set(account, (state.wallets.get(account) ?? 0n) + amount)
}

/** Bonds one seat. */
export function stake(state: State, rules: Rules, { caller, now }: Moment, floor: bigint): void {
  takeFromWallet(state, caller, rules.bond)
  const seat: Seat = {
    id: state.seats.size + 1,
    operator: caller,
    floor,
    status: 'Active',
    bond: rules.bond,
    unlockAt: 0,
    leftEpoch: 0,
    declineWeek: 0,
    declines: 0,
    streak: 0,
    main: undefined,
    aside: [],
  }
  state.seats.set(seat.id, seat)
  enter(state, rules, now, seat)
}

/** Puts a seat back into the active set. */
export function join(state: State, rules: Rules, { caller, now }: Moment, id: number, floor: bigint): void {
  const seat = ownSeat(state, id, caller)
  refuse(seat.status === 'Active', 'WrongSeatStatus')
  refuse(seat.status === 'Dropped' && now < seat.unlockAt, 'CoolingDown')
  // Draws of the epochs before it left may still name it with its old floor, for three epochs.
  refuse(epochAt(rules, now) <= seat.leftEpoch + 3, 'RejoinTooEarly')
  refuse(seat.bond < rules.bond, 'BondIncomplete')
  seat.unlockAt = 0
  seat.floor = floor
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
export function topUp(state: State, rules: Rules, { caller }: Moment, id: number): void {
  const seat = ownSeat(state, id, caller)
  refuse(seat.bond >= rules.bond, 'NothingDue')
  takeFromWallet(state, caller, rules.bond - seat.bond)
  seat.bond = rules.bond
}

/** Pays a bond out. */
export function withdrawSeat(state: State, { caller, now }: Moment, id: number): void {
  const seat = ownSeat(state, id, caller)
  refuse(seat.status !== 'Leaving' && seat.status !== 'Dropped', 'WrongSeatStatus')
  refuse(now < seat.unlockAt, 'CoolingDown')
  refuse(isHeld(seat), 'SeatHeld')
  refuse(seat.bond === 0n, 'NothingDue')
  payToWallet(state, caller, seat.bond)
  Object.assign(seat, { operator: undefined, status: 'None', bond: 0n, floor: 0n, unlockAt: 0, leftEpoch: 0 })
  Object.assign(seat, { declineWeek: 0, declines: 0 })
}

/** Takes part of a silent seat's bond; the rest of it stays, the seat is out until it is topped up. */
export function slashSeat(state: State, rules: Rules, now: number, seat: Seat, reporter: Account): void {
  const loss = (seat.bond * rules.slashBps) / 10_000n
  const bounty = reporter === seat.operator ? 0n : (loss * rules.bountyBps) / 10_000n
  seat.bond -= loss
  const report = state.reports.get(reporter) ?? { bounty: 0n, burn: 0n }
  state.reports.set(reporter, { bounty: report.bounty + bounty, burn: report.burn + loss - bounty })
  if (seat.status !== 'Active') return
  exit(state, rules, now, seat)
  seat.status = 'Inactive'
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
  if (seat.declines > rules.declineQuota) drop(state, rules, now, seat)
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
