import type { Act, Step } from './acts/step.js'

/** A sequence that once failed, and how its acts have to end, so that it goes on meaning what it did. */
export interface Regression {
  readonly steps: readonly Step[]
  /** Acts with their endings, each of which happens. */
  readonly ends: readonly string[]
}

/** A step that is taken as it is, and sent directly by whom it is for. */
function exactly(act: Act, n: number): Step {
  return { act, wild: true, who: 1, job: 1, seat: 1, n, when: 1, edge: 0, way: 1, judges: false }
}

/** Sequences in which model and contracts once differed, by what was wrong. */
export const REGRESSIONS: Readonly<Record<string, Regression>> = {
  // Of seed 20261130; it is the model's side that was wrong: it asked for a run time of minus one second.
  'a run time one second below a response window of none is none': {
    steps: [
      // Rules with a response window of 0, in force for the plain class; then a request that is too short by one second, if there is such a one.
      exactly('addRules', 5),
      exactly('setTerms', 2),
      exactly('submit', 43),
    ],
    ends: ['addRules ok', 'setTerms ok', 'submit InvalidTerms'],
  },
}
