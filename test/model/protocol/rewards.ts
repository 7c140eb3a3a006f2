/** Network rewards: points for what burned, a budget for each epoch. Written from design §4, ADR 10 and docs/stages/rewards.md. */
import { checkOwner } from './access.js'
import { credit } from './balances.js'
import { shareOf } from './ranks.js'
import { takeFromWallet } from './registry.js'
import type { Account, Earnings, Moment, Receipt, Rewards, Rules, State } from './state.js'
import { refuse } from './state.js'

const BPS = 10_000n
const MOST_KAPPA = 9_500n
const MOST_BOOST = 30_000n

/** The epoch of rewards of a time, from 1. */
export function rewardEpochAt({ rewardsGenesis, rewardsEpoch }: Rules, now: number): number {
  return Math.floor((now - rewardsGenesis) / rewardsEpoch) + 1
}

/** What somebody shows of a workload's receipt. */
export interface Shown {
  readonly job: number
  /** Whether it says what the workload left. */
  readonly isTrue: boolean
}

/** Gives the points of proven workloads to their ranks; what is old or wrong is passed over. */
export function record(state: State, rules: Rules, { now }: Moment, all: readonly Shown[]): void {
  const { rewards } = state
  const epoch = rewardEpochAt(rules, now)
  close(rewards, epoch)
  if (rewards.running === undefined) {
    const money = rewards.budget < rewards.pool ? rewards.budget : rewards.pool
    rewards.pool -= money
    rewards.running = epoch
    rewards.epochs.set(epoch, { points: 0n, money })
  }
  let counted = 0
  for (const { job, isTrue } of all) {
    const { receipt } = state.jobs[job]!
    if (receipt === undefined || !isTrue || rewards.recorded.has(job)) continue
    rewards.recorded.add(job)
    counted += 1
    give(state, epoch, job, receipt)
  }
  refuse(counted === 0, 'NothingRecorded')
}

function give({ rewards, jobs }: State, epoch: number, number: number, { burned, ranks, orders }: Receipt): void {
  const { program, requester } = jobs[number]!
  const listed = rewards.programs.has(program) && rewards.requesters.has(requester)
  const most = (burned * (listed ? rewards.boostBps : rewards.kappaBps)) / BPS
  for (const [rank, { operator, open }] of ranks.entries()) {
    // A later proof of an open slot may be a copy.
    if (open && orders[rank] !== 0) continue
    const points = shareOf(most, rank, ranks.length)
    const earnings = earningsOf(rewards, operator)
    if (earnings.epoch !== epoch) {
      collect(rewards, earnings)
      earnings.epoch = epoch
    }
    earnings.points += points
    rewards.epochs.get(epoch)!.points += points
  }
}

/** Ends an epoch that is over: what its points do not use goes back. */
function close(rewards: Rewards, current: number): void {
  if (rewards.running === undefined || rewards.running === current) return
  const epoch = rewards.epochs.get(rewards.running)!
  if (epoch.money > epoch.points) {
    rewards.pool += epoch.money - epoch.points
    epoch.money = epoch.points
  }
  rewards.running = undefined
}

/** Turns points of an epoch that was closed into money. */
function collect(rewards: Rewards, earnings: Earnings): void {
  if (earnings.points === 0n || earnings.epoch === rewards.running) return
  const epoch = rewards.epochs.get(earnings.epoch)!
  const money = (epoch.money * earnings.points) / epoch.points
  epoch.points -= earnings.points
  epoch.money -= money
  earnings.points = 0n
  earnings.due += money
}

function earningsOf({ earnings }: Rewards, operator: Account): Earnings {
  const have = earnings.get(operator) ?? { epoch: 0, points: 0n, due: 0n }
  earnings.set(operator, have)
  return have
}

/** Moves what operators earned in epochs that are over into their balances. */
export function claim(state: State, rules: Rules, { now }: Moment, operators: readonly Account[]): void {
  const { rewards } = state
  close(rewards, rewardEpochAt(rules, now))
  let moved = 0n
  for (const operator of operators) {
    const earnings = earningsOf(rewards, operator)
    collect(rewards, earnings)
    credit(state, operator, earnings.due)
    moved += earnings.due
    earnings.due = 0n
  }
  refuse(moved === 0n, 'NothingToClaim')
}

/** Pays into the pool. */
export function fund(state: State, { caller }: Moment, amount: bigint): void {
  takeFromWallet(state, caller, amount)
  state.rewards.pool += amount
}

/** Sets budget and κ of what comes. */
export function setParameters(
  { rewards }: State,
  rules: Rules,
  moment: Moment,
  set: Pick<Rewards, 'budget' | 'kappaBps' | 'boostBps'>,
): void {
  checkOwner(rules, moment)
  refuse(set.kappaBps > MOST_KAPPA || set.boostBps > MOST_BOOST, 'OutOfBounds')
  Object.assign(rewards, set)
}

/** Lists or unlists a program or a requester. */
export function list(rules: Rules, moment: Moment, on: Set<unknown>, one: number | Account, listed: boolean): void {
  checkOwner(rules, moment)
  if (listed) on.add(one)
  else on.delete(one)
}

/** What an operator has coming from epochs that are over, and its points of the one that runs. */
export function comingTo(state: State, rules: Rules, now: number, operator: Account) {
  const rewards = structuredClone(state.rewards)
  const epoch = rewardEpochAt(rules, now)
  close(rewards, epoch)
  const earnings = earningsOf(rewards, operator)
  if (earnings.epoch !== epoch) collect(rewards, earnings)
  return { due: earnings.due, pending: earnings.points }
}
