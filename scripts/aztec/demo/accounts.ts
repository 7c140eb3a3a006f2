/** Who has which account of the local chain: one sender each, so that no two use the same nonce. */
export const ACCOUNTS = {
  /** Deploys and owns our contracts. */
  owner: 0,
  /** Aztec's sequencer operator: pays for workloads, by the adapter. */
  customer: 1,
  /** The first of our provers. */
  provers: 2,
  /** The first of the validators that judge our workloads. */
  validators: 5,
  /** Deploys and owns Aztec's contracts. */
  deployer: 10,
  sequencer: 11,
  /** Sends epoch proofs to L1. */
  publisher: 12,
  /** Bonds deposits on epochs. */
  bonder: 13,
  /** Whoever settles and claims: anyone may. */
  passerBy: 14,
} as const
