import {
  compactSignature,
  signerOfVerdict,
  type Address,
  type CommitteeMember,
  type Judgment,
  type VerdictDomain,
} from '../../chain/index.js'
import type { Ballot } from '../post/Ballot.js'
import type { SharedVerdict } from './VerdictShelf.js'

/** A committee as the chain has it. */
export interface Bench {
  readonly domain: VerdictDomain
  readonly judgment: Judgment
  readonly members: readonly CommitteeMember[]
  /** Operator of each member, by its number. */
  readonly operators: readonly Address[]
}

/**
 * The answers that a verdict is for the members of a committee; none when the contract would refuse it. One refused answer
 * would revert the transaction for all, so everything the contract checks is checked here.
 */
export function ballotsOf({ domain, judgment, members, operators }: Bench, shared: SharedVerdict): readonly Ballot[] {
  const { attempt, proofs, revealed } = judgment
  if (shared.attempt !== attempt || shared.proofs !== proofs) return []
  if (shared.valid > 0xffff_ffff || (shared.valid & ~revealed) !== 0) return []
  const signer = signerOfVerdict(domain, shared, shared.signature)
  if (signer === undefined) return []
  const { r, vs } = compactSignature(shared.signature)
  return members
    .filter(({ member }) => operators[member] === signer)
    .map(({ member }) => ({ member, valid: shared.valid, r, vs }))
}
