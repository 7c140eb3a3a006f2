import { AbiCoder, keccak256 } from 'ethers'
import type { Digest } from '../content/digest.js'
import type { Hex } from './hex.js'

/** What a commitment binds. */
export interface CommitmentParts {
  /** sha-256 of the proof. */
  readonly proofDigest: Digest
  /** Account of the operator: a copied commitment opens for nobody else. */
  readonly operator: Hex
  readonly workload: Hex
  readonly seat: number
  /** 32 random bytes, secret until the reveal. */
  readonly salt: Hex
}

/**
 * The commitment to a proof: the low 160 bits of keccak256(abi.encode(proofDigest, operator, workload, seat, salt)).
 * Source: IMarket.commit.
 */
export function commitmentOf(parts: CommitmentParts): bigint {
  const encoded = AbiCoder.defaultAbiCoder().encode(
    ['bytes32', 'address', 'bytes32', 'uint256', 'bytes32'],
    [parts.proofDigest, parts.operator, parts.workload, parts.seat, parts.salt],
  )
  return BigInt.asUintN(160, BigInt(keccak256(encoded)))
}
