import { asChainError } from './asChainError.js'
import type { Contracts } from './connect.js'
import { contractError } from './contractErrorOf.js'
import { toBytes32, type Bytes32, type ProgramId } from './hex.js'

/** What a program says of its verifier: the market wants it passed again with every proof it verifies. */
export interface Pin {
  /** keccak-256 of the digests of its packages. */
  readonly packages: Bytes32
  /** Verifier contract, gas, class and flags, packed as in `contracts/libraries/Verifier.sol`. */
  readonly verifier: bigint
}

/**
 * Reads the pin of a program; it never changes.
 * @throws GevulotError CONTRACT_UNKNOWN_PROGRAM, CHAIN_RPC_UNAVAILABLE
 */
export async function readPin(contracts: Contracts, program: ProgramId): Promise<Pin> {
  const doing = 'reading the pin of a program'
  try {
    const { packages, verifier } = await contracts.market.pinOf(program)
    if (verifier === 0n) throw contractError('UnknownProgram', doing, { program })
    return { packages: toBytes32(packages), verifier }
  } catch (error) {
    throw asChainError(error, doing)
  }
}
