import { JOB_TYPES, type JobTypeName } from '../../../sdk/src/aztec/protocol/jobTypes.js'
import { bytesOf } from '../../../sdk/src/aztec/protocol/layout.js'
import { parityBase, parityRoot } from './parity.js'

/** What a circuit says of its inputs: its public inputs. Undefined: its result is a proof alone. */
export type Circuit = (inputs: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array>

/**
 * The circuits this program simulates: those whose public inputs follow from the inputs by a few lines. What a circuit would check besides (the
 * proofs it takes in) is not checked.
 */
export const CIRCUITS: Readonly<Partial<Record<JobTypeName, Circuit>>> = {
  PUBLIC_VM: () => undefined,
  PUBLIC_CHONK_VERIFIER: chonk,
  CHECKPOINT_PADDING_ROLLUP: () => new Uint8Array(bytesOf(JOB_TYPES.CHECKPOINT_PADDING_ROLLUP.publicInputs ?? '')),
  PARITY_BASE: parityBase,
  PARITY_ROOT: parityRoot,
}

const PROVER_ID = 32

/** The public inputs of the transaction's proof, which stand first, and the prover's id, which stands last. */
function chonk(inputs: Uint8Array): Uint8Array {
  const size = bytesOf(JOB_TYPES.PUBLIC_CHONK_VERIFIER.publicInputs ?? '') - PROVER_ID
  if (inputs.length < size + PROVER_ID) throw new Error(`the inputs have ${inputs.length} bytes, less than ${size}`)
  return Buffer.concat([inputs.subarray(0, size), inputs.subarray(-PROVER_ID)])
}
