/** The draw of a workload's seats, written from design §6. */
import { AbiCoder, concat, keccak256, toBeHex } from 'ethers'

import type { Draw } from '../../../sdk/src/chain/index.js'
import { credit } from './balances.js'
import { epochAt, setIn } from './registry.js'
import type { Account, Job, Moment, Rules, State } from './state.js'
import { refuse, Refused } from './state.js'
import { inPhase, makeRoom } from './work.js'

const GWEI = 1_000_000_000n
const ASSIGN_EPOCHS = 3

/** A candidate and what the draw did with it. */
export interface Looked {
  readonly seat: number
  draw: Draw
  slot: number
}

/** The seats of the frozen set in random order, by shuffling a whole copy of it. */
export function shuffled(set: readonly number[], seed: string, length: number): number[] {
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
  const order = shuffled(setIn(state, job.class, job.epoch), seed, 3 * job.redundancy)
  const looked = drawFrom(state, job, order)
  job.phase = 'Proving'
  job.drawnAt = now
  job.fates = Array.from({ length: job.redundancy }, (_, slot) =>
    looked.some((one) => one.slot === slot) ? 'waiting' : 'undrawn',
  )
  credit(state, caller, job.rules.assignBounty)
  return looked
}

/** Draws those of several workloads that can be drawn. */
export function assignMany(state: State, rules: Rules, moment: Moment, all: readonly Parameters<typeof drawable>[2][]) {
  for (const one of all) {
    if (drawable(state, rules, one, moment.now)) assign(state, rules, moment, one.number, one.randomness, one.id)
  }
}

function drawable(
  state: State,
  rules: Rules,
  one: { readonly number: number; readonly randomness: string | undefined; readonly id: string },
  now: number,
): boolean {
  const { phase, epoch } = state.jobs[one.number]!
  return phase === 'Pending' && epochAt(rules, now) <= epoch + ASSIGN_EPOCHS && one.randomness !== undefined
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
