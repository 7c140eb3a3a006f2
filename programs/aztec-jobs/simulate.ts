import { inputName, readStatement } from '../../sdk/src/aztec/protocol/bundle.js'
import { checkInputs } from '../../sdk/src/aztec/protocol/inputs.js'
import { parseJobId } from '../../sdk/src/aztec/protocol/JobId.js'
import { factsOf, type JobTypeName } from '../../sdk/src/aztec/protocol/jobTypes.js'
import type { JobResult } from '../../sdk/src/aztec/protocol/result.js'
import { CIRCUITS } from './circuits/index.js'

/** Bytes of zero that stand where a binary proof would. */
const EMPTY_PROOF_BYTES = 42

/** The results of a bundle, in its order: the same whoever makes them. @param keys Verification keys by type. */
export function simulateBundle(
  statement: Uint8Array,
  read: (name: string) => Uint8Array,
  keys: (type: JobTypeName) => Uint8Array,
  log: (line: string) => void,
): readonly JobResult[] {
  return readStatement(statement).map((id, index) => {
    const job = parseJobId(id)
    const inputs = checkInputs(id, job, read(inputName(index)))
    const circuit = CIRCUITS[job.type]
    if (circuit === undefined) throw new Error(`${job.type} is not simulated by this program`)
    const publicInputs = circuit(inputs)
    log(`SIMULATED ${id}: its public inputs are computed, no proof is made`)
    return {
      ...{ type: job.type, proof: emptyProof(factsOf(job.type).proofFields), simulated: true },
      ...(publicInputs && { publicInputs, verificationKey: keys(job.type) }),
    }
  })
}

/** A proof of zeros, in the form that Aztec's own simulation gives: it proves nothing. */
function emptyProof(fields: number): Uint8Array {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(fields)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(EMPTY_PROOF_BYTES)
  const inputs = Buffer.alloc(4)
  return Buffer.concat([head, Buffer.alloc(fields * 32), size, Buffer.alloc(EMPTY_PROOF_BYTES), inputs, Buffer.of(1)])
}
