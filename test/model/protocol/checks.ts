/** Checks of machines: open, start, answer, excuse, evict. Written from design §5, ADR 9 and docs/stages/qualify.md. */
import { AbiCoder, concat, keccak256, MaxUint256, toBeHex } from 'ethers'

import { activate, epochAt, evictSeat, isHeld } from './registry.js'
import type { Account, Check, Moment, Rules, Seat, State } from './state.js'
import { refuse, Refused } from './state.js'

/** Bytes of a number in a solution. */
export const NUMBER_BYTES = 6
const BPS = 10_000n
const coder = AbiCoder.defaultAbiCoder()

/** Opens the next check of a class. */
export function open(state: State, rules: Rules, { now, block }: Moment, of: number): void {
  const schedule = state.schedules.get(of)
  if (schedule?.policy === undefined) throw new Refused('NoPuzzle')
  const { policy } = schedule
  refuse(now < schedule.nextAt, 'NotDue')
  const missed = Math.floor((now - schedule.nextAt) / policy.period)
  const next = schedule.nextAt + (missed + 1) * policy.period
  const startBy = next - policy.window
  refuse(now >= startBy, 'NotDue')
  const check = { policy, round: block + rules.beaconLag, epoch: epochAt(rules, now), startBy }
  schedule.checks.push({ ...check, startedAt: undefined, seed: undefined })
  schedule.nextAt = next
}

/** Starts the window of the newest check. */
export function start(state: State, { now }: Moment, of: number, randomness: string | undefined): void {
  const check = state.schedules.get(of)?.checks.at(-1)
  if (check === undefined) throw new Refused('NotStarted')
  refuse(check.startedAt !== undefined, 'StartedAlready')
  refuse(now > check.startBy, 'CheckVoid')
  if (randomness === undefined) throw new Refused('RoundMissing')
  check.startedAt = now
  check.seed = randomness
}

/** Whether a check asks the seats of an operator. */
function namesOperator(check: Check, operator: Account): boolean {
  const hash = BigInt(keccak256(coder.encode(['bytes32', 'address'], [check.seed!, operator])))
  return hash % BPS < check.policy.fractionBps
}

/** Whether a started check asks a seat that was in its set: because its seed names the operator, or because of an excuse. */
export function isSelected(check: Check, seat: Seat): boolean {
  if (seat.operator === undefined || seat.fromEpoch === 0) return false
  const inSet = seat.fromEpoch <= check.epoch && (seat.leftEpoch === undefined || check.epoch <= seat.leftEpoch)
  return inSet && (seat.excuses > 0 || namesOperator(check, seat.operator))
}

/** The seed of a seat's puzzle. */
export function seedOf(rules: Rules, check: Check, number: number, seat: Seat): string {
  const types = ['bytes32', 'uint256', 'address', 'uint8', 'uint256', 'uint256']
  const { chainId, qualification } = rules
  return keccak256(coder.encode(types, [check.seed!, chainId, qualification, seat.class, number, seat.id]))
}

/** Whether a number solves the puzzle of a seed. */
export function solves(seed: string, number: bigint, work: number): boolean {
  return BigInt(keccak256(concat([seed, toBeHex(number, 32)]))) < MaxUint256 / BigInt(work)
}

/** The first number that solves a puzzle, or that does not. */
export function solutionOf(seed: string, work: number, right: boolean): bigint {
  let number = 0n
  while (solves(seed, number, work) !== right) number += 1n
  return number
}

/** The newest check of a seat's class, in its window, if the caller may answer it for the seat. */
function answerable(state: State, { caller, now }: Moment, id: number) {
  const seat = state.seats.get(id)
  if (seat?.operator !== caller) throw new Refused('NotSeatsOperator')
  const checks = state.schedules.get(seat.class)?.checks
  const check = checks?.at(-1)
  if (check?.startedAt === undefined) throw new Refused('NotStarted')
  const { policy } = check
  refuse(now > check.startedAt + policy.window, 'WindowOver')
  // Who was excused may answer all the same.
  refuse(seat.checked >= checks!.length && seat.excuses === 0, 'AnsweredAlready')
  return { seat, check, policy, number: checks!.length }
}

/** Answers the newest check: a waiting seat joins, a selected one stays. */
export function answer(state: State, rules: Rules, moment: Moment, id: number, solution: bigint | undefined): void {
  const { seat, check, policy, number } = answerable(state, moment, id)
  const waits = seat.status === 'Inactive'
  refuse(!waits && !isSelected(check, seat), 'NotSelected')
  const seed = seedOf(rules, check, number, seat)
  refuse(solution === undefined || !solves(seed, solution, policy.work), 'WrongSolution')
  // Whoever joins was asked for nothing, unless it owes an answer from before.
  if (!waits || seat.excuses > 0) seat.checked = number
  seat.excuses = 0
  if (waits) activate(state, rules, moment.now, seat)
}

/** Puts off the answer of a seat at work. */
export function excuse(state: State, moment: Moment, ids: readonly number[]): void {
  for (const id of ids) {
    const { seat, check, policy, number } = answerable(state, moment, id)
    refuse(seat.status === 'Inactive' || !isSelected(check, seat), 'NotSelected')
    refuse(seat.checked >= number, 'AnsweredAlready')
    refuse(!isHeld(seat), 'NotBusy')
    refuse(seat.excuses >= policy.excuses, 'NoExcuseLeft')
    seat.checked = number
    seat.excuses += 1
  }
}

/** Puts out seats that a check asked and that neither answered nor were excused. */
export function evict(state: State, rules: Rules, moment: Moment, of: number, number: number, ids: readonly number[]) {
  const check = state.schedules.get(of)?.checks[number - 1]
  if (check?.startedAt === undefined) throw new Refused('NotStarted')
  const { policy } = check
  refuse(moment.now <= check.startedAt + policy.window, 'WindowOpen')
  let evicted = 0
  for (const id of ids) {
    const seat = state.seats.get(id)
    // Gone, back in the set since, or answered.
    if (seat?.operator === undefined || seat.fromEpoch > check.epoch || seat.checked >= number) continue
    refuse(seat.class !== of, 'WrongClass')
    refuse(!isSelected(check, seat), 'NotSelected')
    if (evictSeat(state, rules, moment, seat, policy.chargeBps)) evicted += 1
  }
  refuse(evicted === 0, 'NobodyEvicted')
}
