import { inputName, readStatement } from '../../sdk/src/aztec/protocol/bundle.js'
import { checkInputs } from '../../sdk/src/aztec/protocol/inputs.js'
import { parseJobId } from '../../sdk/src/aztec/protocol/JobId.js'
import { factsOf, type JobTypeName } from '../../sdk/src/aztec/protocol/jobTypes.js'
import type { JobResult } from '../../sdk/src/aztec/protocol/result.js'
import { CIRCUITS, type Circuit } from './circuits/index.js'

/** Bytes of zero that stand where a binary proof would. */
const EMPTY_PROOF_BYTES = 42

/** Where a bundle's circuits and keys come from. */
export interface Simulation {
  /** Undefined: the type is not served. */
  readonly circuit: (type: JobTypeName) => Circuit | undefined
  /** The verification key of a type that has one. */
  readonly key: (type: JobTypeName) => Uint8Array
}

/** The circuits that this program brings itself. @param key Verification keys by type. */
export function ownCircuits(key: Simulation['key']): Simulation {
  return { circuit: (type) => CIRCUITS[type], key }
}

/** The results of a bundle, in its order: the same whoever makes them. */
export async function simulateBundle(
  statement: Uint8Array,
  read: (name: string) => Uint8Array,
  { circuit: circuitOf, key }: Simulation,
  log: (line: string) => void,
): Promise<readonly JobResult[]> {
  const results: JobResult[] = []
  for (const [index, id] of readStatement(statement).entries()) {
    const job = parseJobId(id)
    const inputs = checkInputs(id, job, read(inputName(index)))
    const circuit = circuitOf(job.type)
    if (circuit === undefined) throw new Error(`${job.type} is not simulated by this program`)
    const publicInputs = await circuit(inputs)
    log(`SIMULATED ${id}: its public inputs are computed, no proof is made`)
    results.push({
      ...{ type: job.type, proof: emptyProof(factsOf(job.type).proofFields), simulated: true },
      ...(publicInputs && { publicInputs, verificationKey: key(job.type) }),
    })
  }
  return results
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
