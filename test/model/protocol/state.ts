/**
 * The state of the model: plain objects, one fact a field, nothing packed and nothing counted twice. It shares no code and no
 * layout with the contracts; what they keep as counters in words is counted here from lists whenever it is asked for.
 */
import type { FailReason, Outcome, Phase, SeatStatus, SlotState } from '../../../sdk/src/chain/index.js'

/** An address in checksum form. */
export type Account = string

/** What happened to one of a workload's slots. */
export type SlotFate = 'undrawn' | 'waiting' | 'accepted' | 'committed' | 'vacated' | 'lost'

/** A commit of a workload; its place in the list is its order. */
export interface Commit {
  readonly seat: number
  readonly operator: Account
  readonly open: boolean
  /** Shown: revealed, and a committee has to judge it. */
  verdict: 'none' | 'shown' | 'valid' | 'invalid'
}

/** A proof that was revealed to a committee. */
export interface Revealed {
  /** Commit order. */
  readonly order: number
  readonly operator: Account
  readonly proofDigest: string
}

/** An attempt to judge: a round, and the committee that it drew. */
export interface Attempt {
  readonly round: number
  readonly epoch: number
  /** Last second for answers; undefined before the committee is drawn. */
  until: number | undefined
  readonly members: Member[]
}

/** A member of a committee. */
export interface Member {
  readonly seat: number
  /** Orders of the proofs it found valid; undefined before it answers. */
  answer: ReadonlySet<number> | undefined
  slashed: boolean
}

/** The judging of a workload. */
export interface Judging {
  readonly attempts: Attempt[]
  appeal: { readonly attempt: Attempt; readonly appellant: Account; readonly bond: bigint } | undefined
}

/** A workload. */
export interface Job {
  /** Number in the order of submission. */
  readonly number: number
  readonly requester: Account
  readonly fee: bigint
  readonly maxRunTime: number
  readonly redundancy: number
  readonly rescue: number
  /** Its program, by number, and what the model has to know of it. */
  readonly program: number
  readonly class: number
  /** Whether its program's proofs bind the prover. */
  readonly binding: boolean
  /** Whether a committee judges its proofs, what was revealed to it, in order, and how far it is. */
  readonly judged: boolean
  readonly reveals: Revealed[]
  readonly judging: Judging
  readonly round: number
  readonly epoch: number
  /** The rules in force when it was submitted. */
  readonly rules: WorkRules
  phase: Exclude<Phase, 'None'>
  outcome: Outcome
  drawnAt: number
  /** Second of an early close; undefined while only the run time closes commits. */
  closedAt: number | undefined
  cancelAskedAt: number | undefined
  fates: SlotFate[]
  commits: Commit[]
  /** Reasons of fails that counted, in order. */
  reasons: FailReason[]
  committedOpen: Account[]
  /** Set at the end: nobody has to answer any more. */
  dutyEnded: boolean
  /** Set at the end of a proven one. */
  receipt: Receipt | undefined
}

/** What a proven workload leaves behind: what burned of its fee, and the commits that were paid, by rank. */
export interface Receipt {
  readonly burned: bigint
  readonly ranks: readonly Pick<Commit, 'seat' | 'operator' | 'open'>[]
  /** Commit order of each. */
  readonly orders: readonly number[]
}

/** What a seat owes to a workload. A place that is over is removed. */
export interface Place {
  readonly job: number
  readonly operator: Account
  /** Slot number; undefined for a commit to an open slot. */
  readonly slot: number | undefined
  state: Exclude<SlotState, 'Free'>
  inTime: boolean
  reason: FailReason
  order: number
}

/** A seat. */
export interface Seat {
  readonly id: number
  readonly class: number
  operator: Account | undefined
  floor: bigint
  status: SeatStatus
  bond: bigint
  unlockAt: number
  /** First and last epoch of its newest stay in the active set; the last is undefined while it stays. */
  fromEpoch: number
  leftEpoch: number | undefined
  declineWeek: number
  declines: number
  streak: number
  /** Number of the last check that it answered or was excused from, and excuses since its last answer. */
  checked: number
  excuses: number
  /** Verdicts missed in a row. */
  unjudged: number
  /** The newest work. */
  main: Place | undefined
  /** Older work that waits for its end; at most three. */
  aside: Place[]
}

/** An account of the market. */
export interface Balance {
  free: bigint
  nonce: number
  toBurn: bigint
}

/** The active set of a class from an epoch on, position by position. */
export interface SetFrom {
  readonly class: number
  readonly epoch: number
  readonly seats: readonly number[]
}

/** A check of a class. */
export interface Check {
  /** The policy in force when it was opened. */
  readonly policy: Policy
  readonly round: number
  readonly epoch: number
  /** Last second in which it may start. */
  readonly startBy: number
  /** Second from which its window counts, and the value of the round; undefined before. */
  startedAt: number | undefined
  seed: string | undefined
}

/** The checks of a class, of which the first has number 1. */
export interface Schedule {
  /** Second from which the next one may be opened. */
  nextAt: number
  readonly checks: Check[]
  /** How seats of the class qualify; undefined: they need not. */
  policy: Policy | undefined
}

/** Lists that decide who may begin something until they open. */
export const LISTS = ['Requesters', 'Deployers', 'Operators'] as const
/** Such a list. */
export type List = (typeof LISTS)[number]

/** Who is on a list, and whether it is open to all. */
export interface Admission {
  readonly admitted: Set<Account>
  isOpen: boolean
}

/** Who can pause submissions, and what is paused. */
export interface Guard {
  guardian: Account | undefined
  offered: Account | undefined
  /** By class: last second of its newest pause. */
  readonly pausedUntil: Map<number, number>
  /** Classes whose pause nobody has lifted. */
  readonly paused: Set<number>
}

/** What an operator has in network rewards: points of one epoch, and money of epochs before. */
export interface Earnings {
  epoch: number
  points: bigint
  due: bigint
}

/** Network rewards. */
export interface Rewards {
  pool: bigint
  budget: bigint
  kappaBps: bigint
  boostBps: bigint
  /** Where both are listed, κ is the boost. Programs by their number. */
  readonly programs: Set<number>
  readonly requesters: Set<Account>
  /** The epoch whose budget is set apart and that nobody has closed. */
  running: number | undefined
  /** Points of each epoch that were not turned into money yet, and the money set apart for them. */
  readonly epochs: Map<number, { points: bigint; money: bigint }>
  readonly earnings: Map<Account, Earnings>
  /** Numbers of workloads. */
  readonly recorded: Set<number>
}

/** Everything. */
export interface State {
  readonly jobs: Job[]
  /** By id; ids run from 1. */
  readonly seats: Map<number, Seat>
  readonly balances: Map<Account, Balance>
  readonly wallets: Map<Account, bigint>
  /** What the market may take of a wallet; undefined: any amount. And permits that an account has used. */
  readonly allowances: Map<Account, bigint>
  readonly permits: Map<Account, number>
  readonly reports: Map<Account, { bounty: bigint; burn: bigint }>
  sets: SetFrom[]
  supply: bigint
  /** Submitter keys of an account, with the last second of each. */
  readonly keys: Map<Account, Map<Account, number>>
  /** Nonces of signed actions that an account used or cancelled. */
  readonly nonces: Map<Account, Set<number>>
  readonly lists: Readonly<Record<List, Admission>>
  readonly guard: Guard
  /** By class. */
  readonly schedules: Map<number, Schedule>
  /** Terms of the classes, and the rules ever written, of which the first has number 1. */
  readonly classes: Map<number, ClassTerms>
  readonly written: WorkRules[]
  readonly rewards: Rewards
  /** What appeals left to accounts. */
  readonly owed: Map<Account, bigint>
  /** Programs beyond those that workloads are submitted for, by a name of the test. */
  readonly deployed: Set<string>
}

/** How the seats of a class qualify. */
export interface Policy {
  readonly window: number
  readonly period: number
  readonly fractionBps: bigint
  readonly excuses: number
  readonly chargeBps: bigint
  /** One hash in so many is a solution. */
  readonly work: number
}

/** What a class takes from those who fail it. */
export interface Discipline {
  readonly slashBps: bigint
  readonly bountyBps: bigint
  readonly declineQuota: number
}

/** Terms of a hardware class. */
export interface ClassTerms {
  bond: bigint
  discipline: Discipline
  /** What takes its place, and from which second. */
  coming: { readonly discipline: Discipline; readonly from: number } | undefined
  /** Token units a slot, and a slot and second. */
  minimum: { readonly fee: bigint; readonly rate: bigint }
  /** Number of the rules of new workloads; zero: it takes none. */
  rules: number
}

/** What a workload keeps from its submission on, whatever is written or chosen later. Bounties in token units. */
export interface WorkRules {
  readonly responseWindow: number
  readonly silenceWindow: number
  readonly revealDelay: number
  readonly revealWindow: number
  readonly cancelDelay: number
  readonly baseBurnBps: bigint
  readonly committeeBps: bigint
  /** Zero: no committees. */
  readonly verdictWindow: number
  readonly assignBounty: bigint
  readonly settleBounty: bigint
}

/** Parameters of the network that never change. */
export interface Rules {
  readonly validators: number
  readonly epochLength: number
  readonly genesis: number
  readonly cooldown: number
  readonly beaconLag: number
  /** What the seeds of puzzles name. */
  readonly chainId: number
  readonly qualification: Account
  readonly owner: Account
  /** Begin of the first epoch of rewards, and seconds of each. */
  readonly rewardsGenesis: number
  readonly rewardsEpoch: number
}

/** Circumstances of an act. */
export interface Moment {
  readonly caller: Account
  /** Time and number of the block that the act is in. */
  readonly now: number
  readonly block: number
  /** Whether the relay calls for the caller. */
  readonly relayed: boolean
}

/** The name of the contract's error that an act must end in. */
export class Refused extends Error {
  readonly error: string

  constructor(error: string) {
    super(error)
    this.error = error
  }
}

/** Ends the act with the contract's error `name` if `condition` holds. */
export function refuse(condition: boolean, name: string): void {
  if (condition) throw new Refused(name)
}

/** Does an act on a copy of the state. Whoever is refused changes nothing. */
export function attempt(
  state: State,
  act: (copy: State) => void,
): { readonly state: State; readonly error: string | undefined } {
  const copy = structuredClone(state)
  try {
    act(copy)
    return { state: copy, error: undefined }
  } catch (error) {
    if (error instanceof Refused) return { state, error: error.error }
    throw error
  }
}
