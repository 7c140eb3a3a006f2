import { readFileSync } from 'node:fs'

import { bundleProof } from '../../sdk/src/aztec/protocol/bundle.js'
import { runJob } from '../support/job.js'
import { simulateBundle } from './simulate.js'

await runJob((read) => {
  const statement = read('public_inputs')
  console.log('SIMULATED: this program proves nothing; it is for a rollup with a mock verifier')
  const results = simulateBundle(statement, read, (type) => readFileSync(`/app/${type}.vk`), console.log)
  return { status: 'ok', files: { proof: bundleProof(statement, results) } }
})
