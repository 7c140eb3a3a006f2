import { bundleProof, readBundleProof, readStatement } from '../../sdk/src/aztec/protocol/bundle.js'
import { parseJobId } from '../../sdk/src/aztec/protocol/JobId.js'
import { runJob } from '../support/job.js'
import { simulateBundle, type Simulation } from './simulate.js'

/** The prover's main: the results of a bundle. */
export function runProver(simulation: Simulation): Promise<void> {
  return runJob(async (read) => {
    const statement = read('public_inputs')
    console.log('SIMULATED: this program proves nothing; it is for a rollup with a mock verifier')
    const results = await simulateBundle(statement, read, simulation, console.log)
    return { status: 'ok', files: { proof: bundleProof(statement, results) } }
  })
}

/** The verifier's main: there is one right answer, to the byte. */
export function runVerifier(simulation: Simulation): Promise<void> {
  return runJob(async (read) => {
    const statement = read('public_inputs')
    const proof = read('proof')
    const jobs = readStatement(statement).map((id) => ({ id, type: parseJobId(id).type }))
    try {
      readBundleProof(jobs, proof)
    } catch (error) {
      return { status: 'invalid', error: error instanceof Error ? error.message : String(error) }
    }
    const right = bundleProof(statement, await simulateBundle(statement, read, simulation, console.log))
    console.log('SIMULATED: compared with another simulation, no proof is verified')
    return Buffer.compare(right, proof) === 0
      ? { status: 'valid' }
      : { status: 'invalid', error: 'it is another result' }
  })
}
