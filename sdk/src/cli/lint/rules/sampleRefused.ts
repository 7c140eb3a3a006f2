import { describeOutcome } from '../../describeOutcome.js'
import type { Rule } from '../Rule.js'
import type { SampleRun } from '../Sample.js'

/** The prover must prove the sample, and the verifier accept the proof. */
export const sampleRefused: Rule = {
  name: 'sample-refused',
  check({ sample }) {
    if (sample === undefined) return { unchecked: 'no sample inputs: give them with --input' }
    if (sample.proof !== undefined) return []
    const refused = sample.judged ?? sample.proved
    return [
      {
        severity: 'error',
        seen: `the ${sample.judged === undefined ? 'prover' : 'verifier'} with the sample: ${said(refused)}`,
        todo: 'Try both with gevulot program run and --verifier; correct the program, or give inputs that can be proven.',
      },
    ]
  },
}

function said(run: SampleRun | undefined): string {
  if (run === undefined) return 'it did not run'
  const last = run.outcome.log.trim().split('\n').at(-1)
  return `${describeOutcome(run.outcome)}${last ? `; its log ends with ${JSON.stringify(last.slice(0, 200))}` : ''}`
}
