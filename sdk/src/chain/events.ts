import type { Digest } from '../content/digest.js'
import type { DrawnCandidate } from './draw.js'
import type { Address, Bytes32, Hex, ProgramId, WorkloadId } from './hex.js'
import type { AccessList, FailReason, Outcome } from './names.js'

/** Where on the chain an event is. */
export interface LogPosition {
  readonly block: number
  readonly blockHash: Bytes32
  readonly transaction: Bytes32
  readonly logIndex: number
}

/** A pinned pair of prover and verifier, as a program's deployer gives it. */
export interface Program {
  /** sha-256 of the prover package's manifest. */
  readonly prover: Digest
  /** sha-256 of the verifier package's manifest; zero for none. */
  readonly verifierProgram: Digest
  /** Verifier contract; the zero address where a committee judges. */
  readonly verifier: Address
  /** Gas one verification may use. */
  readonly verifierGas: number
  /** Hardware class. */
  readonly class: number
  /** Whether the proof binds the prover's address. */
  readonly bindsProver: boolean
}

/** Windows (seconds) and money rules; they never change once written. Amounts in gwei of the token. */
export interface RulesWords {
  readonly responseWindow: number
  readonly silenceWindow: number
  readonly revealDelay: number
  readonly revealWindow: number
  readonly cancelDelay: number
  readonly baseBurnBps: number
  readonly assignBounty: number
  readonly settleBounty: number
  readonly committeeBps: number
  readonly verdictWindow: number
  readonly beacon: Address
}

/** What submissions to a class must meet, in gwei of the token. */
export interface ClassTermsWords {
  readonly minimumFee: number
  /** Per second of maximum run time and slot. */
  readonly minimumRate: number
  /** Number of the rules in force; zero when the class is closed. */
  readonly rules: number
}

interface OfWorkload {
  readonly workload: WorkloadId
}
interface OfSeat extends OfWorkload {
  readonly seat: number
}

/** Arguments of the market's events by name. Amounts are token units, times Unix seconds. */
export interface MarketEventArguments {
  /** An item of a batch failed and changed nothing; `reason` is the beginning of its error data. */
  ItemFailed: { readonly index: number; readonly reason: Hex }
  Deposited: { readonly account: Address; readonly from: Address; readonly amount: bigint }
  Withdrawn: { readonly account: Address; readonly to: Address; readonly amount: bigint }
  FeesBurned: { readonly amount: bigint }
  ProgramDeployed: {
    readonly program: ProgramId
    readonly deployer: Address
    readonly spec: Program
    readonly codeHash: Bytes32
    readonly uri: string
  }
  RulesAdded: { readonly number: number; readonly rules: RulesWords }
  ClassTermsSet: { readonly class: number; readonly terms: ClassTermsWords }
  Admitted: { readonly list: AccessList; readonly account: Address; readonly admitted: boolean }
  ListOpened: { readonly list: AccessList }
  GuardianOffered: { readonly guardian: Address }
  GuardianSet: { readonly guardian: Address }
  /** Zero: lifted. */
  ClockDoubted: { readonly class: number; readonly doubted: boolean }
  PauseSet: { readonly class: number; readonly until: number }
  Submitted: OfWorkload & {
    readonly requester: Address
    readonly program: ProgramId
    readonly inputs: Digest
    readonly publicInputs: Bytes32
    readonly deliveryKey: Bytes32
    readonly terms: bigint
    readonly inputsUri: string
  }
  Assigned: OfWorkload & { readonly caller: Address; readonly candidates: readonly DrawnCandidate[] }
  Accepted: OfSeat
  Declined: OfSeat
  Failed: OfSeat & { readonly reason: FailReason }
  Committed: OfSeat & { readonly slot: number; readonly order: number; readonly commitment: bigint }
  CommitsClosed: OfWorkload & { readonly released: boolean }
  CancelRequested: OfWorkload & { readonly effectiveAt: number }
  Revealed: OfSeat & { readonly proofDigest: Digest; readonly valid: boolean }
  RevealedToCommittee: OfSeat & {
    readonly operator: Address
    readonly order: number
    readonly proofDigest: Digest
    /** The proof's bytes; `0x` when they must be fetched by digest. */
    readonly proof: Hex
    readonly uri: string
  }
  /** `valid`: bit k for commit order k. */
  Judged: OfWorkload & { readonly valid: number; readonly members: number; readonly each: bigint }
  SlotSettled: OfSeat & { readonly rank: number; readonly paid: bigint }
  Missed: OfSeat & { readonly streak: number }
  Finished: OfWorkload & {
    readonly outcome: Outcome
    readonly paid: bigint
    readonly refunded: bigint
    readonly burned: bigint
  }
  Silent: OfSeat & { readonly reporter: Address }
}

interface OfOperator {
  readonly seat: number
  readonly operator: Address
}

/** Arguments of the registry's events by name. Amounts are token units, times Unix seconds. */
export interface RegistryEventArguments {
  AdmissionOpened: Record<never, never>
  OperatorAdmitted: { readonly operator: Address; readonly admitted: boolean }
  ClassBondSet: {
    readonly class: number
    readonly params: {
      readonly bond: bigint
      readonly slashBps: number
      readonly bountyBps: number
      readonly declineQuota: number
    }
    /** Unix seconds from which slash, bounty and quota count; the bond counts at once. */
    readonly from: number
  }
  Staked: OfOperator & { readonly class: number; readonly bond: bigint }
  Joined: OfOperator & { readonly priceFloor: bigint; readonly fromEpoch: number }
  Waiting: OfOperator & { readonly priceFloor: bigint }
  Evicted: OfOperator & { readonly evictor: Address; readonly charge: bigint; readonly bounty: bigint }
  Left: OfOperator & { readonly unlockAt: number }
  Dropped: OfOperator & { readonly until: number }
  Slashed: OfOperator & { readonly amount: bigint; readonly reporter: Address; readonly bounty: bigint }
  ToppedUp: OfOperator & { readonly amount: bigint }
  Withdrawn: OfOperator & { readonly to: Address; readonly amount: bigint }
  DeclineCounted: { readonly seat: number; readonly declines: number; readonly quota: number }
  BountyWithdrawn: { readonly reporter: Address; readonly to: Address; readonly amount: bigint }
  SlashesBurned: { readonly amount: bigint }
}

interface OfAttempt extends OfWorkload {
  /** From 1; the appeal is number 4. */
  readonly attempt: number
}

/** Arguments of the committee's events by name. Amounts are token units, times Unix seconds; `valid` has bit k for commit order k. */
export interface CommitteeEventArguments {
  JudgingOpened: OfAttempt & { readonly round: number; readonly epoch: number }
  CommitteeDrawn: OfAttempt & {
    readonly seats: readonly number[]
    readonly proofs: Bytes32
    readonly revealed: number
    readonly until: number
  }
  Voted: OfAttempt & { readonly seat: number; readonly valid: number }
  VerdictReached: OfAttempt & { readonly valid: number }
  Appealed: OfWorkload & { readonly appellant: Address; readonly bond: bigint }
  AppealClosed: OfWorkload & {
    readonly changed: boolean
    readonly returned: bigint
    readonly paid: bigint
    readonly burned: bigint
  }
  VerdictMissed: OfAttempt & { readonly seat: number; readonly streak: number }
  Equivocated: OfAttempt & { readonly seat: number; readonly reporter: Address }
  OwedWithdrawn: { readonly account: Address; readonly to: Address; readonly amount: bigint }
}

/** Arguments of the events of network rewards by name. Amounts are token units; `epoch` is one of rewards. */
export interface RewardsEventArguments {
  Recorded: OfWorkload & { readonly epoch: number; readonly points: bigint }
  Claimed: { readonly operator: Address; readonly amount: bigint }
  Funded: { readonly from: Address; readonly amount: bigint }
  EpochOpened: { readonly epoch: number; readonly budget: bigint }
  EpochClosed: { readonly epoch: number; readonly points: bigint; readonly rewards: bigint }
  ParametersSet: { readonly budget: bigint; readonly kappaBps: number; readonly boostBps: number }
  ProgramListed: { readonly program: ProgramId; readonly listed: boolean }
  RequesterListed: { readonly requester: Address; readonly listed: boolean }
}

/** An event of the market; `name` narrows `args`. */
export type MarketEvent<Name extends keyof MarketEventArguments = keyof MarketEventArguments> = {
  [N in Name]: {
    readonly contract: 'market'
    readonly name: N
    readonly args: MarketEventArguments[N]
    readonly at: LogPosition
  }
}[Name]

/** An event of the prover registry; `name` narrows `args`. */
export type RegistryEvent<Name extends keyof RegistryEventArguments = keyof RegistryEventArguments> = {
  [N in Name]: {
    readonly contract: 'registry'
    readonly name: N
    readonly args: RegistryEventArguments[N]
    readonly at: LogPosition
  }
}[Name]

/** An event of the committee; `name` narrows `args`. */
export type CommitteeEvent<Name extends keyof CommitteeEventArguments = keyof CommitteeEventArguments> = {
  [N in Name]: {
    readonly contract: 'committee'
    readonly name: N
    readonly args: CommitteeEventArguments[N]
    readonly at: LogPosition
  }
}[Name]

/** An event of network rewards; `name` narrows `args`. Followed where {@link EventFilter.rewards} asks for it. */
export type RewardsEvent<Name extends keyof RewardsEventArguments = keyof RewardsEventArguments> = {
  [N in Name]: {
    readonly contract: 'rewards'
    readonly name: N
    readonly args: RewardsEventArguments[N]
    readonly at: LogPosition
  }
}[Name]

/** An event of our contracts; `contract` and `name` narrow `args`. */
export type GevulotEvent = MarketEvent | RegistryEvent | CommitteeEvent | RewardsEvent

/** An event about one workload. */
export type WorkloadEvent = Extract<MarketEvent, { readonly args: OfWorkload }>
