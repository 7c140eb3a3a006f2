import { flipped } from '../mutations.js'
import type { Rule } from '../Rule.js'
import { withoutProof } from '../withoutProof.js'

const WORD = 32
/** More words than this are tried at even distances. */
const MAX_WORDS = 16

/** A proof is about public inputs: with others it must be refused, whichever word is changed. */
export const publicInputsUnbound: Rule = {
  name: 'public-inputs-unbound',
  async check({ sample, note }) {
    if (sample !== undefined && (sample.publicInputs?.length ?? 0) === 0) {
      return [
        {
          severity: 'error',
          seen: 'the sample has no public inputs',
          todo: 'What a proof is about must follow from /in/public_inputs: without any, one proof is good for every workload.',
        },
      ]
    }
    const { proof, publicInputs } = sample ?? {}
    if (sample === undefined || proof === undefined || publicInputs === undefined) return withoutProof(sample)
    const words = Math.ceil(publicInputs.length / WORD)
    const tried = Math.min(words, MAX_WORDS)
    const ignored: number[] = []
    note(`judging the proof with other public inputs: ${tried} of ${words} words`)
    for (let index = 0; index < tried; index++) {
      const word = Math.floor((index * words) / tried)
      // The lowest bit of a word: what stays a number of the field, so that the statement decides, and not its range.
      const changed = flipped(publicInputs, Math.min((word + 1) * WORD, publicInputs.length) - 1, 0)
      if ((await sample.judge({ proof, publicInputs: changed })).kind === 'valid') ignored.push(word)
    }
    if (ignored.length === 0) return []
    return [
      {
        severity: 'error',
        seen: `the verifier accepts the proof with other public inputs: ${ignored.length} of ${tried} words that were changed make no difference, word ${ignored[0]} for one`,
        todo: 'Make every word part of what is proven, and read it from /in/public_inputs, never from the proof.',
      },
    ]
  },
}
