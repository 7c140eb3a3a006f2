/** The network of the sequences: small windows, so that they meet their edges. */
import { standard, type ClassParameters, type Parameters } from '../../sdk/src/deploy/parameters.js'
import type { ClassTerms, Policy, Rules, WorkRules } from './protocol/state.js'

/** Class of seats that join directly, and class of seats with a puzzle. */
export const PLAIN = 1
export const CHECKED = 2
/** Class of seats that judge proofs. */
export const VALIDATORS = standard.validators.class

const GWEI = 1_000_000_000n
/** A block is a step of a sequence, so rounds are blocks. */
const BEACON = { kind: 'blockhash', lag: 3 } as const
const [CLASS] = standard.classes
/** Half of the operators each time, and a puzzle that takes two hashes. */
const PUZZLE = { work: 2, count: 1, window: 200, period: 3_000, fractionBps: 5_000, excuses: 2, chargeBps: 500 }

/** What is deployed. The epoch is short, so that draws run out of time. */
export const PARAMETERS: Parameters = {
  ...standard,
  governance: undefined,
  beacon: BEACON,
  epochLength: 200,
  classes: [
    { ...CLASS!, class: PLAIN },
    { ...CLASS!, class: CHECKED, puzzle: PUZZLE },
  ],
  // Small enough for crowded epochs, and for a pool that runs dry.
  rewards: { ...standard.rewards, epochLength: 300, pool: 3n * 10n ** 17n, budget: 3n * 10n ** 16n },
  rules: {
    ...standard.rules,
    responseWindow: 20,
    silenceWindow: 1_500,
    revealDelay: 5,
    revealWindow: 120,
    cancelDelay: 15,
    verdictWindow: 900,
  },
}

function termsOf(of: Omit<ClassParameters, 'class' | 'puzzle'>, rules: number): ClassTerms {
  const { bond, slashBps, bountyBps, declineQuota, minimumFee, minimumRate } = of
  const discipline = { slashBps: BigInt(slashBps), bountyBps: BigInt(bountyBps), declineQuota }
  const minimum = { fee: BigInt(minimumFee) * GWEI, rate: BigInt(minimumRate) * GWEI }
  return { bond, discipline, coming: undefined, minimum, rules }
}

/** They take no workloads. */
const VALIDATOR_TERMS = termsOf({ ...standard.validators, declineQuota: 0, minimumFee: 0, minimumRate: 0 }, 0)

/** The rules that are written first, and the terms of the classes then. */
export function firstChoices(): { readonly written: WorkRules[]; readonly classes: Map<number, ClassTerms> } {
  const { rules, classes } = PARAMETERS
  const first = {
    ...rules,
    baseBurnBps: BigInt(rules.baseBurnBps),
    committeeBps: BigInt(rules.committeeBps),
    assignBounty: BigInt(rules.assignBounty) * GWEI,
    settleBounty: BigInt(rules.settleBounty) * GWEI,
  }
  const all = classes.map((one) => [one.class, termsOf(one, 1)] as const)
  return { written: [first], classes: new Map([...all, [VALIDATORS, VALIDATOR_TERMS]]) }
}

/** How seats of the class with a puzzle qualify at first. */
export function firstPolicy(): Policy {
  const { window, period, fractionBps, excuses, chargeBps, work } = PUZZLE
  return { window, period, fractionBps: BigInt(fractionBps), excuses, chargeBps: BigInt(chargeBps), work }
}

/** What the model is told of the network. */
export function rulesOf(
  deployed: Pick<Rules, 'genesis' | 'rewardsGenesis' | 'chainId' | 'qualification' | 'owner'>,
): Rules {
  const { epochLength, cooldown } = PARAMETERS
  return {
    ...deployed,
    validators: VALIDATORS,
    epochLength,
    cooldown,
    beaconLag: BEACON.lag,
    rewardsEpoch: PARAMETERS.rewards.epochLength,
  }
}
