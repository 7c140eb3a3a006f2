import type { RunOutcome } from '../runtime/RunOutcome.js'

/** What the end of a run means, and what its author can do about it. */
export function describeOutcome(outcome: RunOutcome): string {
  switch (outcome.kind) {
    case 'ok':
      return 'proved'
    case 'valid':
      return 'the verifier accepts the proof'
    case 'invalid':
      return `the verifier refuses the proof: ${outcome.reason || 'it gives no reason'}`
    case 'program-error':
      return `the program says: ${outcome.text.trim() || 'nothing'}`
    case 'timeout':
      return 'it ran out of time; give it more with --seconds, or make it faster'
    case 'out-of-memory':
      return 'it ran out of memory; try --memory, then build it with what it needs'
    case 'disk-full':
      return 'its output found no room; try --output, then build it with what it needs'
    case 'crash':
      return outcome.signal === undefined
        ? `it crashed with exit code ${outcome.exitCode ?? 'unknown'}${outcome.exitCode === 127 ? ': it could not be started' : ''}`
        : `it crashed by signal ${outcome.signal}`
    case 'no-result':
      return `it left no result that counts: ${outcome.reason}`
    case 'runtime-failed':
      return `the runtime failed, not the program: ${outcome.reason}`
    case 'aborted':
      return 'stopped'
  }
}
