import { CANDIDATES_PER_SLOT, drawSeed, fillSlots, permutationPrefix, type DrawnCandidate } from '../chain/draw.js'
import { ZERO_BYTES32, type Bytes32 } from '../chain/hex.js'
import type { DrawFacts } from './DrawFacts.js'

/** A draw that was computed again. */
export interface RecomputedDraw {
  /** Whether the chain reports exactly this. */
  readonly agrees: boolean
  /** What the sequence is drawn by: randomness and workload, hashed. */
  readonly seed: Bytes32
  /** Seats in the order in which the draw meets them. */
  readonly sequence: readonly number[]
  readonly want: readonly DrawnCandidate[]
}

/**
 * Computes a draw again from its facts: a pure function, the same in Node and in a browser.
 * @throws RangeError when a seat of the sequence is not among the candidates
 */
export function recomputeDraw(facts: DrawFacts): RecomputedDraw {
  const { workload, randomness, set, redundancy, offer, have } = facts
  const seed = drawSeed(randomness, workload)
  const sequence = sequenceOf(seed, set, redundancy)
  const [busy, uncertain] = [new Set(facts.busy), new Set(facts.uncertain)]
  const isBusy = (seat: number): boolean => {
    if (busy.has(seat) || !uncertain.has(seat)) return busy.has(seat)
    return have.some((candidate) => candidate.seat === seat && candidate.draw === 'Busy')
  }
  const bySeat = new Map(facts.candidates.map((candidate) => [candidate.seat, candidate]))
  const candidates = sequence.map((seat) => {
    const candidate = bySeat.get(seat)
    if (candidate === undefined) throw new RangeError(`nothing is known of seat ${seat}`)
    return candidate
  })
  const want = randomness === ZERO_BYTES32 ? [] : fillSlots(candidates, { redundancy, offer, busy: isBusy })
  return { agrees: isSame(have, want), seed, sequence, want }
}

/** The seats that a draw meets, in order. */
export function sequenceOf(seed: Bytes32, set: readonly number[], redundancy: number): number[] {
  return permutationPrefix(seed, set.length, redundancy * CANDIDATES_PER_SLOT).flatMap((place) => set[place] ?? [])
}

function isSame(have: readonly DrawnCandidate[], want: readonly DrawnCandidate[]): boolean {
  return (
    have.length === want.length &&
    have.every((one, index) => {
      const other = want[index]
      return (
        one.seat === other?.seat &&
        one.operator === other.operator &&
        one.draw === other.draw &&
        one.slot === other.slot
      )
    })
  )
}
