/** What a sequence is made of. */
import fc from 'fast-check'

/** Every act. */
export const ACTS = [
  ...['submit', 'assign', 'accept', 'commit', 'commitOpen', 'reveal', 'submitProof', 'settle', 'decline', 'fail'],
  ...['release', 'cancel', 'clear', 'slash', 'mine', 'stake', 'join', 'leave', 'topUp', 'withdrawSeat', 'deposit'],
  ...['withdraw', 'burnFees', 'burnSlashes', 'withdrawBounty', 'nameSubmitter', 'revokeSubmitter', 'cancelNonce'],
  ...['submitMany', 'assignMany', 'openCheck', 'startCheck', 'answer', 'excuse', 'evict', 'admit', 'openList'],
  ...['liftRestriction', 'deploy', 'setGuardian', 'acceptGuardian', 'pause', 'liftPause', 'record', 'claim', 'fund'],
  ...['setRewards', 'listProgram', 'listRequester', 'revealToCommittee', 'openJudging', 'drawCommittee', 'post'],
  ...['appeal', 'equivocate', 'withdrawOwed', 'addRules', 'setTerms', 'setBond', 'setPolicy', 'approve', 'permit'],
] as const
/** An act. */
export type Act = (typeof ACTS)[number]

/** One step of a sequence; the numbers choose among what there is when its turn comes. */
export interface Step {
  /** Taken as it is when `wild`; otherwise `actOf` chooses by the phase of the workload. */
  readonly act: Act
  readonly wild: boolean
  readonly who: number
  readonly job: number
  readonly seat: number
  readonly n: number
  readonly when: number
  readonly edge: number
  /** How the act reaches the contracts. */
  readonly way: number
  /** The same for all steps of a sequence: whether most of them bring a judging on, which takes some twenty acts that fit together. */
  readonly judges: boolean
}

const pick = fc.nat(9_999)
const step: fc.Arbitrary<Omit<Step, 'judges'>> = fc.record({
  act: fc.constantFrom(...ACTS),
  wild: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  who: pick,
  job: pick,
  seat: pick,
  n: pick,
  when: pick,
  edge: fc.constantFrom(-1, 0, 0, 1, 1),
  way: pick,
})

/** Sequences of up to `most` steps, of any length so that a failing one can be cut. */
export function sequences(most: number): fc.Arbitrary<readonly Step[]> {
  const steps = fc.array(step, { minLength: 1, maxLength: most, size: 'max' })
  return fc.tuple(fc.boolean(), steps).map(([judges, all]) => all.map((one) => ({ ...one, judges })))
}

/** One of a list; undefined of an empty one. */
export function choose<T>(list: readonly T[], n: number): T | undefined {
  return list[n % list.length]
}
