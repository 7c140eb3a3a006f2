import { readFileSync } from 'node:fs'

import { runJob } from '../support/job.js'
import type { VerifyingKey } from './key.js'
import type { Shape } from './shapes.js'
import { whyInvalid } from './verify.js'

await runJob((read, { workload, prover }) => {
  const { shape, key } = JSON.parse(readFileSync('/app/verifying-key.json', 'utf8')) as {
    shape: Shape
    key: VerifyingKey
  }
  const error = whyInvalid(shape, key, { workload, prover }, read('public_inputs'), read('proof'))
  return error === undefined ? { status: 'valid' } : { status: 'invalid', error }
})
