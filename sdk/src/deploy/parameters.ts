/** Parameters of a deployment. Reasons and bounds stand with the constants of the contracts; defaults are in design §11. */
import { parseUnits } from 'ethers'
import type { Address } from '../chain/hex.js'
import { ACCESS_LISTS, type AccessList } from '../chain/names.js'

const DAY = 86_400

/** Windows and money rules; seconds, and gwei of the token. */
export interface RulesParameters {
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
}

/** How the seats of a class qualify: hashcash on a schedule (docs/qualification.md). */
export interface PuzzleParameters {
  /** Hashes that one number takes on average; measured on the least machine of the class (`npm run calibrate`). */
  readonly work: number
  /** Numbers in a solution: more of them, less spread. */
  readonly count: number
  /** Seconds in which seats answer a check. */
  readonly window: number
  /** Seconds between two checks. */
  readonly period: number
  /** Part of the operators that a check selects. */
  readonly fractionBps: number
  /** Answers in a row that a seat at work may put off. */
  readonly excuses: number
  /** Part of the bond prepaid for an eviction. */
  readonly chargeBps: number
}

/** What does not depend on the machines of a class (docs/qualification.md). Every operator is asked about once a day. */
export const QUALIFICATION_DEFAULTS = {
  period: 8 * 3_600,
  fractionBps: 3_333,
  excuses: 2,
  chargeBps: 100,
} as const satisfies Partial<PuzzleParameters>

/** A hardware class. */
export interface ClassParameters {
  readonly class: number
  /** Token units a seat. */
  readonly bond: bigint
  readonly slashBps: number
  readonly bountyBps: number
  readonly declineQuota: number
  /** Gwei of the token. */
  readonly minimumFee: number
  /** Gwei of the token per second of run time and slot. */
  readonly minimumRate: number
  /** None: seats join directly. */
  readonly puzzle?: PuzzleParameters
}

/** Where randomness comes from. A lag is between submission and round; three blocks are the least that leave one for a free cancel. */
export type BeaconParameters =
  /** Hashes of blocks: local chains and low stakes. The lag is in blocks. */
  | { readonly kind: 'blockhash'; readonly lag: number }
  /** drand's quicknet; needs the precompiles of EIP-2537. Lag and margin are in rounds of three seconds. */
  | { readonly kind: 'drand'; readonly lag: number; readonly margin: number }

/** Network rewards. */
export interface RewardsParameters {
  /** Seconds of an epoch of rewards. */
  readonly epochLength: number
  /** Token units the owner pays into the pool at deployment. */
  readonly pool: bigint
  /** Most that an epoch pays, token units. */
  readonly budget: bigint
  /** κ for everyone, and where program and requester are listed. */
  readonly kappaBps: number
  readonly boostBps: number
}

/** A timelock that is to own the contracts. */
export interface GovernanceParameters {
  /** Seconds between an act and its effect, one to thirty days. */
  readonly delay: number
  /** Account that schedules and cancels acts, usually a multisig; none: the deployer. */
  readonly council?: Address
}

/** The class whose seats judge proofs; it takes no workloads. */
export interface ValidatorParameters {
  readonly class: number
  /** Token units a seat. */
  readonly bond: bigint
  readonly slashBps: number
  readonly bountyBps: number
}

/** Everything a deployment chooses. */
export interface Parameters {
  /** Token units. */
  readonly supply: bigint
  /** Seconds. */
  readonly epochLength: number
  /** Seconds between leaving and withdrawal; outlasts the longest run time and all windows (invariant 11). */
  readonly cooldown: number
  /** Undefined: the deployer stays the owner, and what it does takes effect at once. */
  readonly governance: GovernanceParameters | undefined
  /** Lists that are open to everybody from the start, and so for ever. */
  readonly openLists: readonly AccessList[]
  readonly beacon: BeaconParameters
  readonly rewards: RewardsParameters
  readonly rules: RulesParameters
  readonly classes: readonly ClassParameters[]
  readonly validators: ValidatorParameters
}

const CLASS_1: ClassParameters = {
  class: 1,
  bond: parseUnits('1000', 18),
  slashBps: 1_000,
  bountyBps: 1_000,
  declineQuota: 4,
  // A hundredth of a token: ten times the bounties, so that the smallest workload still pays provers.
  minimumFee: 10_000_000,
  minimumRate: 1_000,
}

const VALIDATORS: ValidatorParameters = {
  class: 63,
  bond: parseUnits('1000', 18),
  slashBps: 1_000,
  bountyBps: 1_000,
}

const MONEY = {
  baseBurnBps: 500,
  committeeBps: 500,
  assignBounty: 500_000,
  settleBounty: 500_000,
}

/** The defaults of design §11. */
export const standard: Parameters = {
  supply: parseUnits('1000000000', 18),
  epochLength: 600,
  cooldown: 7 * DAY,
  governance: { delay: 2 * DAY },
  // A permissioned network at first: the owner lists operators, requesters and deployers.
  openLists: [],
  // A block's clock may be late by a slot of 12 s and some; a free cancel is possible in the first half minute.
  beacon: { kind: 'drand', lag: 15, margin: 5 },
  rewards: {
    epochLength: DAY,
    // A tenth of the supply; at the full budget it lasts eleven years.
    pool: parseUnits('100000000', 18),
    budget: parseUnits('25000', 18),
    kappaBps: 9_000,
    // Nobody is listed at first, so it is the same for all.
    boostBps: 9_000,
  },
  rules: {
    ...MONEY,
    responseWindow: 180,
    silenceWindow: DAY,
    // Three blocks of 12 s: a reorg of that depth cannot reopen commits after a reveal.
    revealDelay: 36,
    revealWindow: 600,
    cancelDelay: 120,
    verdictWindow: 600,
  },
  classes: [CLASS_1],
  validators: VALIDATORS,
}

/** A local chain: the same code with seconds instead of minutes. The cooldown keeps its length, because run times do. */
export const devnet: Parameters = {
  ...standard,
  epochLength: 5,
  governance: undefined,
  openLists: ACCESS_LISTS,
  beacon: { kind: 'blockhash', lag: 3 },
  rewards: { ...standard.rewards, epochLength: 60 },
  rules: {
    ...MONEY,
    responseWindow: 20,
    silenceWindow: 60,
    revealDelay: 1,
    revealWindow: 30,
    cancelDelay: 5,
    verdictWindow: 20,
  },
}
