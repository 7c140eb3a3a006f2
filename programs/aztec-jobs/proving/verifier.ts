import { getPublicWitness } from '@aztec/noir-acvm_js'

import { inputName, readBundleProof, readStatement } from '../../../sdk/src/aztec/protocol/bundle.js'
import { checkInputs } from '../../../sdk/src/aztec/protocol/inputs.js'
import { parseJobId } from '../../../sdk/src/aztec/protocol/JobId.js'
import type { JobResult } from '../../../sdk/src/aztec/protocol/result.js'
import { runJob } from '../../support/job.js'
import { solve } from '../release/circuits.js'
import { verify } from './bb.js'
import { partsOf } from './recursiveProof.js'

await runJob(async (read) => {
  const jobs = readStatement(read('public_inputs')).map((id) => ({ id, job: parseJobId(id) }))
  let results: readonly JobResult[]
  try {
    results = readBundleProof(
      jobs.map(({ id, job }) => ({ id, type: job.type })),
      read('proof'),
    )
  } catch (error) {
    return { status: 'invalid', error: error instanceof Error ? error.message : String(error) }
  }
  for (const [index, { id, job }] of jobs.entries()) {
    const inputs = checkInputs(id, job, read(inputName(index)))
    const fault = results[index] && (await faultOf(results[index], inputs))
    if (fault !== undefined) return { status: 'invalid', error: `that of ${id} ${fault}` }
    console.log(`DEVELOPMENT PARAMETERS ${id}: its proof is verified; anyone can forge such a proof`)
  }
  return { status: 'valid' }
})

/** A proof says that there are inputs with these outputs; that they are the outputs of the job's inputs is computed. */
async function faultOf({ type, simulated, development, publicInputs, proof }: JobResult, inputs: Uint8Array) {
  if (simulated || !development) return 'does not say that it rests on development parameters'
  const solved = await solve(type, inputs)
  if (Buffer.compare(solved.publicInputs, publicInputs ?? new Uint8Array()) !== 0) return 'has other public inputs'
  const parts = partsOf(proof)
  const fields = [...getPublicWitness(solved.bytecode, solved.witness)].sort(([a], [b]) => a - b)
  const words = Buffer.concat(fields.map(([, value]) => Buffer.from(value.slice(2).padStart(64, '0'), 'hex')))
  if (Buffer.compare(words, parts.publicInputs) !== 0) return 'is proven of other public inputs'
  return verify(type, parts) ? undefined : 'has a proof that is wrong'
}
