import type { Checked } from './Rule.js'
import type { Sample } from './Sample.js'

/** Why a rule that needs an accepted proof could not look. */
export function withoutProof(sample: Sample | undefined): Checked {
  const unchecked =
    sample === undefined ? 'no sample inputs: give them with --input' : 'the sample left no proof that is accepted'
  return { unchecked }
}
