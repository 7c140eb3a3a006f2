import type { Hex } from '../../chain/index.js'

/** A member's signed verdict as the contract takes it. */
export interface Ballot {
  /** Number of the member in its committee. */
  readonly member: number
  /** Valid proofs: bit k for commit order k. */
  readonly valid: number
  readonly r: Hex
  readonly vs: Hex
}
