import { readFileSync } from 'node:fs'

import { runJob } from '../support/job.js'
import { ContractVerifier } from './evm.js'

const verifier = await ContractVerifier.create(readFileSync('/app/verifier.bin'))
const { gas } = JSON.parse(readFileSync('/app/limits.json', 'utf8')) as { gas: number }

await runJob(async (read, { workload, prover }) => {
  const { error } = await verifier.verify(
    { workload, prover, publicInputs: read('public_inputs'), proof: read('proof') },
    gas,
  )
  return error === undefined ? { status: 'valid' } : { status: 'invalid', error }
})
