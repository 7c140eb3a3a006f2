import type { Address, Bytes32, Program, WorkloadId } from '../../chain/index.js'
import type { Digest } from '../../content/index.js'

/** A revealed proof that is to be judged. */
export interface Exhibit {
  /** Commit order. */
  readonly order: number
  /** Operator whose proof it is. */
  readonly operator: Address
  readonly digest: Digest
  /** The bytes that stand in the event; empty when they must be fetched. */
  readonly inline: Uint8Array
  /** Where the prover says it is; a hint. */
  readonly uri: string
}

/** What a committee has to judge. Times are chain seconds. */
export interface Case {
  readonly workload: WorkloadId
  readonly attempt: number
  readonly program: Program
  /** sha-256 of the inputs manifest, and keccak-256 of the public inputs. */
  readonly inputs: Digest
  readonly publicInputs: Bytes32
  /** Where the chain says package and inputs are; hints. */
  readonly uris: readonly string[]
  /** Proofs without a decision. */
  readonly exhibits: readonly Exhibit[]
  /** Proofs that an earlier attempt found valid; what it decided is not judged again. */
  readonly decidedValid: number
  /** Until when to try for content, and until when to run programs. */
  readonly fetchUntil: number
  readonly judgeUntil: number
}

/** What was found about one proof. */
export interface Finding {
  readonly order: number
  readonly valid: boolean
  /** Whether the verifier program said so, rather than that content was missing or the program came to no end. */
  readonly said: boolean
  readonly reason?: string
}

/** What came of judging. */
export type Judging =
  | { readonly kind: 'verdict'; readonly valid: number; readonly said: number; readonly findings: readonly Finding[] }
  /** This machine cannot judge, which says nothing about the proofs: no verdict rather than a wrong one. */
  | { readonly kind: 'unable'; readonly why: string }
