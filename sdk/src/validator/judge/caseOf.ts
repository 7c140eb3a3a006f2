import { getBytes } from 'ethers'
import { chainedReveals, isIn, revealsOf, type Judgment, type Program } from '../../chain/index.js'
import type { Dossier } from '../../worker/coordinate/Dossier.js'
import type { Case } from './Case.js'

/** What a case is made of. */
export interface CaseFacts {
  readonly dossier: Dossier
  readonly judgment: Judgment
  readonly program: Program
  /** Where the chain says the program's packages are; hints. */
  readonly uris: readonly string[]
  /** When the window for answers began, and now; chain seconds. */
  readonly drawnAt: number
  readonly now: number
}

/**
 * Puts together what has to be judged.
 * @returns Undefined while the stored events are not the reveals that the committee was drawn for: a verdict would be about others.
 */
export function caseOf({ dossier, judgment, program, uris, drawnAt, now }: CaseFacts): Case | undefined {
  const reveals = revealsOf(dossier.events)
  if (chainedReveals(reveals.map(({ args }) => args)) !== judgment.proofs) return undefined
  const { revealed, decided, valid, until, attempt } = judgment
  const window = until - drawnAt
  const judgeUntil = Math.floor(until - window / 4)
  return {
    workload: dossier.workload,
    attempt,
    program,
    inputs: dossier.spec.inputs,
    publicInputs: dossier.spec.publicInputs,
    uris: [...uris, dossier.inputsUri].filter((uri) => uri !== ''),
    exhibits: reveals
      .filter(({ args: { order } }) => isIn(revealed & ~decided, order))
      .map(({ args }) => ({
        order: args.order,
        operator: args.operator,
        digest: args.proofDigest,
        inline: getBytes(args.proof),
        uri: args.uri,
      })),
    decidedValid: valid & decided,
    // Half of the window for content, also where the judging began late; what is left is for running.
    fetchUntil: Math.min(Math.max(drawnAt + window / 2, now + window / 8), judgeUntil),
    judgeUntil,
  }
}

/** Whether enough of the window is left for an opinion: what cannot be fetched in a moment is not missing yet. */
export function isTimeToJudge({ judgeUntil }: Case, until: number, drawnAt: number, now: number): boolean {
  return judgeUntil - now >= (until - drawnAt) / 8
}
