import { readFileSync } from 'node:fs'

import { bundleProof, readBundleProof, readStatement } from '../../sdk/src/aztec/protocol/bundle.js'
import { parseJobId } from '../../sdk/src/aztec/protocol/JobId.js'
import { runJob } from '../support/job.js'
import { simulateBundle } from './simulate.js'

await runJob((read) => {
  const statement = read('public_inputs')
  const proof = read('proof')
  const jobs = readStatement(statement).map((id) => ({ id, type: parseJobId(id).type }))
  try {
    readBundleProof(jobs, proof)
  } catch (error) {
    return { status: 'invalid', error: error instanceof Error ? error.message : String(error) }
  }
  // There is one right answer, to the byte.
  const right = bundleProof(statement, simulateBundle(statement, read, (type) => readFileSync(`/app/${type}.vk`), console.log)) // prettier-ignore
  console.log('SIMULATED: compared with another simulation, no proof is verified')
  return Buffer.compare(right, proof) === 0 ? { status: 'valid' } : { status: 'invalid', error: 'it is another result' }
})
