import { AbiCoder, keccak256 } from 'ethers'
import type { Digest } from '../content/digest.js'
import type { Address, Bytes32, ProgramId, WorkloadId } from './hex.js'

/** The full spec of a workload. Its hash is the workload's id; the market wants it passed again with most acts. */
export interface Spec {
  readonly program: ProgramId
  /** sha-256 of the inputs manifest. */
  readonly inputs: Digest
  /** keccak-256 of the public inputs. */
  readonly publicInputs: Bytes32
  /** X25519 public key of the requester; zero for none. */
  readonly deliveryKey: Bytes32
  /** Packed terms, see {@link unpackTerms}. */
  readonly terms: bigint
  readonly requester: Address
}

const SPEC =
  'tuple(bytes32 program, bytes32 inputs, bytes32 publicInputs, bytes32 deliveryKey, uint256 terms, address requester)'

/**
 * The id of a spec: keccak256(abi.encode(chain id, market, spec)). Nobody else's chain, market, account or nonce gives
 * the same. Mirrors `WorkloadStore._idOf`.
 */
export function workloadIdOf(chainId: number, market: Address, spec: Spec): WorkloadId {
  const encoded = AbiCoder.defaultAbiCoder().encode(['uint256', 'address', SPEC], [chainId, market, spec])
  return keccak256(encoded) as WorkloadId
}

/** The spec that a Submitted event announces. Anyone can check it: {@link workloadIdOf} must give the event's workload. */
export function specOf(event: Spec): Spec {
  const { program, inputs, publicInputs, deliveryKey, terms, requester } = event
  return { program, inputs, publicInputs, deliveryKey, terms, requester }
}
