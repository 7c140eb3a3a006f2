import {
  ZERO_ADDRESS,
  type Address,
  type Bytes32,
  type FailReason,
  type Program,
  type ProgramId,
  type WorkloadId,
} from '../../chain/index.js'
import type { Digest } from '../../content/index.js'
import type { KeptProof } from './ProofStore.js'

/** What has to be done for a workload. */
export interface WorkOrder {
  readonly workload: WorkloadId
  readonly programId: ProgramId
  readonly program: Program
  readonly inputs: Digest
  /** keccak-256 of the public inputs. */
  readonly publicInputs: Bytes32
  /** Account the proof is made for. */
  readonly prover: Address
  /** Where the chain says the content is; hints. */
  readonly uris: readonly string[]
  /** Seconds that the workload gives; to a runner, what was left of them when it took the task. */
  readonly maxRunTime: number
  /** Seconds until the program must have ended, by the time of the chain. */
  readonly secondsLeft: () => number
}

/** How the work ended. */
export type WorkResult =
  | { readonly kind: 'proved'; readonly proof: KeptProof }
  /** This machine cannot or will not do it; nobody else is to blame. */
  | { readonly kind: 'refused'; readonly why: string }
  /** It cannot be done, for a reason that is reported. */
  | { readonly kind: 'failed'; readonly reason: FailReason; readonly why: string }
  /** The worker is stopping, or the work is of no use any more. */
  | { readonly kind: 'stopped' }

/** Whether a committee decides about the proof: the program has no verifier contract. */
export function isJudged({ program }: Pick<WorkOrder, 'program'>): boolean {
  return program.verifier === ZERO_ADDRESS
}
