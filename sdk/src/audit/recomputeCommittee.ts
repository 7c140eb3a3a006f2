import { AbiCoder, keccak256 } from 'ethers'
import { permutationPrefix, type Candidate } from '../chain/draw.js'
import { ZERO_BYTES32, type Address, type Bytes32, type WorkloadId } from '../chain/hex.js'
import { COMMITTEE_SIZE } from '../chain/rewards.js'

/** Number of the attempt that hears an appeal. Mirrors `Committee.APPEAL`. */
export const APPEAL_ATTEMPT = 4

// Mirrors `Committee.APPEAL_SIZE`.
const APPEAL_SIZE = 15
// Mirrors `Committee._pick`, which asks for as many again, twice, where somebody was passed over.
const CANDIDATES_PER_MEMBER = 3

/** What the draw of a committee follows from, read from the chain, and what the chain reports of it. */
export interface CommitteeFacts {
  readonly workload: WorkloadId
  /** From 1; 4 for an appeal's. */
  readonly attempt: number
  readonly round: number
  /** The beacon's value; zero for none. */
  readonly randomness: Bytes32
  readonly epoch: number
  /** The validators' set by position, as frozen at the epoch. */
  readonly set: readonly number[]
  /** What the registry said of the seats that the sequence meets, in any order. */
  readonly candidates: readonly Candidate[]
  /** Operators that had committed in the workload: they judge none of it. */
  readonly involved: readonly Address[]
  /** Seats that the CommitteeDrawn event reports. */
  readonly have: readonly number[]
}

/** A committee that was drawn again. */
export interface RecomputedCommittee {
  /** Whether the chain reports exactly these seats, in this order. */
  readonly agrees: boolean
  /** What the sequence is drawn by: randomness, workload and attempt, hashed. */
  readonly seed: Bytes32
  readonly want: readonly number[]
}

/**
 * Draws a committee again from its facts: the first fit seats of the sequence. A pure function, the same in Node and in a browser. Mirrors
 * `Committee._pick`.
 * @throws RangeError when a seat of the sequence is not among the candidates
 */
export function recomputeCommittee(facts: CommitteeFacts): RecomputedCommittee {
  const { workload, attempt, randomness, set, involved, have } = facts
  const seed = committeeSeed(randomness, workload, attempt)
  const bySeat = new Map(facts.candidates.map((candidate) => [candidate.seat, candidate]))
  const fit = committeeSequence(seed, set, attempt).filter((seat) => {
    const candidate = bySeat.get(seat)
    if (candidate === undefined) throw new RangeError(`nothing is known of seat ${seat}`)
    const isIn = candidate.status === 'Active' || candidate.status === 'Leaving'
    return isIn && !involved.includes(candidate.operator)
  })
  const want = randomness === ZERO_BYTES32 ? [] : fit.slice(0, sizeOf(attempt))
  const agrees = have.length === want.length && have.every((seat, index) => seat === want[index])
  return { agrees, seed, want }
}

/** The seed of a committee's draw. Mirrors `Committee.draw`. */
export function committeeSeed(randomness: Bytes32, workload: WorkloadId, attempt: number): Bytes32 {
  const words = AbiCoder.defaultAbiCoder().encode(['bytes32', 'bytes32', 'uint256'], [randomness, workload, attempt])
  return keccak256(words) as Bytes32
}

/** The seats that the draw of a committee may meet, in order. */
export function committeeSequence(seed: Bytes32, set: readonly number[], attempt: number): number[] {
  const places = permutationPrefix(seed, set.length, sizeOf(attempt) * CANDIDATES_PER_MEMBER)
  return places.flatMap((place) => set[place] ?? [])
}

function sizeOf(attempt: number): number {
  return attempt === APPEAL_ATTEMPT ? APPEAL_SIZE : COMMITTEE_SIZE
}
