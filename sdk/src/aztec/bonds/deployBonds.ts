import type { Signer } from 'ethers'
import type { Hex } from '../../chain/hex.js'
import { deployContract } from '../../deploy/deploy.js'

/** What bonds are made of. */
export interface BondsParameters {
  /** Address of Aztec's rollup contract. */
  readonly rollup: Hex
  /** Token of deposits, tips and bounties; one that takes fees on the way cannot be used. */
  readonly token: Hex
  /** Seconds between asking for a withdrawal and making it; three epochs let a prover rely on a signed bond. */
  readonly withdrawalDelay: number
  /** Token units. */
  readonly leastDeposit: bigint
}

/** Deploys the bonds of a rollup, with their view of it and a relay. None has an owner, so whoever deploys them keeps no power over them. */
export async function deployBonds(
  signer: Signer,
  { rollup, token, withdrawalDelay, leastDeposit }: BondsParameters,
): Promise<{ readonly view: Hex; readonly bonds: Hex; readonly relay: Hex }> {
  const { address: view } = await deployContract(signer, 'AztecRollupView', [rollup])
  const { address: bonds } = await deployContract(signer, 'EpochBonds', [view, token, withdrawalDelay, leastDeposit])
  const { address: relay } = await deployContract(signer, 'EpochRelay', [rollup, bonds])
  return { view, bonds, relay }
}
