import { mutationsOf } from '../mutations.js'
import type { Observation, Rule } from '../Rule.js'
import { withoutProof } from '../withoutProof.js'

/** Of how many the finding says what they were. */
const SHOWN = 3

/** A verifier must refuse a proof of which anything was changed, and must say so. */
export const mutatedProof: Rule = {
  name: 'mutated-proof',
  async check({ sample, mutations, seed, note }) {
    const proof = sample?.proof
    if (sample === undefined || proof === undefined) return withoutProof(sample)
    const tried = mutationsOf(proof, mutations, seed)
    const accepted: string[] = []
    const unanswered: string[] = []
    for (const [index, { what, bytes }] of tried.entries()) {
      if (index % 8 === 0) note(`judging mutated proofs: ${index} of ${tried.length}`)
      const { kind } = await sample.judge({ proof: bytes })
      if (kind === 'valid') accepted.push(what)
      else if (kind !== 'invalid') unanswered.push(`${what} (${kind})`)
    }
    const findings: Observation[] = []
    if (accepted.length > 0) {
      findings.push({
        severity: 'error',
        seen: `the verifier accepts ${accepted.length} of ${tried.length} mutated proofs: ${some(accepted)}`,
        todo: 'Every byte must count and the length must be exact. What is accepted twice can be copied by others, and what is not looked at can be forged.',
      })
    }
    if (unanswered.length > 0) {
      findings.push({
        severity: 'warning',
        seen: `the verifier has no verdict on ${unanswered.length} of ${tried.length} mutated proofs: ${some(unanswered)}`,
        todo: 'Answer "invalid" to whatever a proof may be: a crash is neither, and whoever sent the proof could have made it on purpose.',
      })
    }
    return findings
  },
}

function some(all: readonly string[]): string {
  const rest = all.length - SHOWN
  return `${all.slice(0, SHOWN).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`
}
