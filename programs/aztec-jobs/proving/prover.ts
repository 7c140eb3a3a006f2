import { compressWitness } from '@aztec/noir-acvm_js'

import { bundleProof, inputName, readStatement } from '../../../sdk/src/aztec/protocol/bundle.js'
import { checkInputs } from '../../../sdk/src/aztec/protocol/inputs.js'
import { parseJobId } from '../../../sdk/src/aztec/protocol/JobId.js'
import type { JobTypeName } from '../../../sdk/src/aztec/protocol/jobTypes.js'
import type { JobResult } from '../../../sdk/src/aztec/protocol/result.js'
import { runJob } from '../../support/job.js'
import { releaseCircuits, solve } from '../release/circuits.js'
import { prove } from './bb.js'
import { recursiveProof } from './recursiveProof.js'

await runJob(async (read) => {
  const statement = read('public_inputs')
  const results: JobResult[] = []
  for (const [index, id] of readStatement(statement).entries()) {
    const job = parseJobId(id)
    results.push(await proven(job.type, checkInputs(id, job, read(inputName(index)))))
    console.log(`DEVELOPMENT PARAMETERS ${id}: proven by Aztec's own prover; anyone can forge such a proof`)
  }
  return { status: 'ok', files: { proof: bundleProof(statement, results) } }
})

async function proven(type: JobTypeName, inputs: Uint8Array): Promise<JobResult> {
  const { bytecode, witness, publicInputs } = await solve(type, inputs)
  const proof = recursiveProof(prove(type, bytecode, compressWitness(witness)))
  // The key that the protocol wants with a result is the release's, which is of the ceremony's parameters.
  const verificationKey = releaseCircuits.key(type)
  return { type, publicInputs, proof, verificationKey, simulated: false, development: true }
}
