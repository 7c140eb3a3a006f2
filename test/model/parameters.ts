/** The network of the sequences: small windows, so that they meet their edges. */
import { standard, type ClassParameters, type Parameters } from '../../sdk/src/deploy/parameters.js'
import type { ClassTerms, Policy, Rules } from './protocol/state.js'

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

function termsOf({
  bond,
  slashBps,
  bountyBps,
  declineQuota,
  minimumFee,
  minimumRate,
  puzzle,
}: ClassParameters): ClassTerms {
  const terms = { bond, slashBps: BigInt(slashBps), bountyBps: BigInt(bountyBps), declineQuota }
  const minimum = { fee: BigInt(minimumFee) * GWEI, rate: BigInt(minimumRate) * GWEI }
  return { ...terms, minimum, policy: puzzle && policyOf(puzzle) }
}

function policyOf({ window, period, fractionBps, excuses, chargeBps, work }: typeof PUZZLE): Policy {
  return { window, period, fractionBps: BigInt(fractionBps), excuses, chargeBps: BigInt(chargeBps), work }
}

const { bond, slashBps, bountyBps } = standard.validators
/** They take no workloads. */
const VALIDATOR_TERMS: ClassTerms = {
  ...{ bond, slashBps: BigInt(slashBps), bountyBps: BigInt(bountyBps), declineQuota: 0 },
  ...{ minimum: undefined, policy: undefined },
}

/** What the model is told of the network. */
export function rulesOf(
  deployed: Pick<Rules, 'genesis' | 'rewardsGenesis' | 'chainId' | 'qualification' | 'owner'>,
): Rules {
  const { rules, classes, epochLength, cooldown } = PARAMETERS
  return {
    ...rules,
    ...deployed,
    baseBurnBps: BigInt(rules.baseBurnBps),
    assignBounty: BigInt(rules.assignBounty) * GWEI,
    settleBounty: BigInt(rules.settleBounty) * GWEI,
    committeeBps: BigInt(rules.committeeBps),
    classes: new Map([...classes.map((one) => [one.class, termsOf(one)] as const), [VALIDATORS, VALIDATOR_TERMS]]),
    validators: VALIDATORS,
    epochLength,
    cooldown,
    beaconLag: BEACON.lag,
    rewardsEpoch: PARAMETERS.rewards.epochLength,
  }
}
