import { AbiCoder, concat, getAddress, keccak256, toBeHex } from 'ethers'
import { DRAWS, nameAt, OPEN_SLOT, SEAT_STATUSES, type Draw, type SeatStatus } from './names.js'
import type { Address, Bytes32, Hex } from './hex.js'

/** A candidate as the registry gives it to the market. */
export interface Candidate {
  readonly seat: number
  readonly operator: Address
  /** Lowest fee in gwei of the token per second of maximum run time and slot. */
  readonly priceFloor: bigint
  readonly status: SeatStatus
}

/** A candidate as the Assigned event reports it. */
export interface DrawnCandidate {
  readonly seat: number
  readonly operator: Address
  readonly draw: Draw
  /** The slot it was given; {@link OPEN_SLOT} for none. */
  readonly slot: number
}

/** Candidates looked at per slot. Mirrors `Submission.CANDIDATES_PER_SLOT`. */
export const CANDIDATES_PER_SLOT = 3

/** The seed of a workload's draw. Mirrors `Submission._assign`. */
export function drawSeed(randomness: Hex, workload: Hex): Bytes32 {
  return keccak256(AbiCoder.defaultAbiCoder().encode(['bytes32', 'bytes32'], [randomness, workload])) as Bytes32
}

/**
 * The first `length` elements of the permutation of 0 … n−1 that `seed` determines.
 * Mirrors contracts/libraries/Permutation.sol.
 */
export function permutationPrefix(seed: Hex, n: number, length: number): number[] {
  const chosen: number[] = []
  const moved = new Map<number, number>()
  for (let i = 0; i < Math.min(length, n); i++) {
    const hash = BigInt(keccak256(concat([seed, toBeHex(i, 32)])))
    const j = i + Number(hash % BigInt(n - i))
    const atI = moved.get(i) ?? i
    chosen.push(moved.get(j) ?? j)
    moved.set(j, atI)
  }
  return chosen
}

/** What the market knows when it fills slots. */
export interface FillRules {
  readonly redundancy: number
  /** Fee / (redundancy · maximum run time), in gwei of the token; see {@link offerOf}. */
  readonly offer: bigint
  /** Whether a seat was at work, or had no room, at the time of the draw. */
  readonly busy: (seat: number) => boolean
}

/** What a workload offers a seat, in gwei of the token per second and slot. */
export function offerOf(terms: {
  readonly fee: bigint
  readonly maxRunTime: number
  readonly redundancy: number
}): bigint {
  return terms.fee / (BigInt(terms.redundancy) * BigInt(terms.maxRunTime) * 1_000_000_000n)
}

/**
 * Gives slots to candidates by the market's rule, so that anyone can audit a draw: in order to those that are fit, first
 * one an operator, then to the others. Mirrors `Submission._fill` and `_fillSameOperator`.
 * @param sequence The candidates of the draw, up to {@link CANDIDATES_PER_SLOT} a slot.
 */
export function fillSlots(sequence: readonly Candidate[], rules: FillRules): DrawnCandidate[] {
  const result: DrawnCandidate[] = []
  let drawn = 0
  const judge = (candidate: Candidate): Draw => {
    if (drawn === rules.redundancy) return 'Spare'
    if (candidate.status !== 'Active' && candidate.status !== 'Leaving') return 'Inactive'
    if (candidate.priceFloor > rules.offer) return 'BelowFloor'
    if (result.some((other) => other.draw === 'Drawn' && other.operator === candidate.operator)) return 'SameOperator'
    return rules.busy(candidate.seat) ? 'Busy' : 'Drawn'
  }
  const report = ({ seat, operator }: Candidate, draw: Draw): DrawnCandidate => ({
    seat,
    operator,
    draw,
    slot: draw === 'Drawn' ? drawn++ : OPEN_SLOT,
  })
  // The market asks the registry for more than one candidate a slot only when it passed somebody over.
  for (const part of [sequence.slice(0, rules.redundancy), sequence.slice(rules.redundancy)]) {
    if (drawn === rules.redundancy) break
    for (const candidate of part) result.push(report(candidate, judge(candidate)))
  }
  result.forEach((candidate, index) => {
    const source = sequence[index]
    if (drawn === rules.redundancy || candidate.draw !== 'SameOperator' || source === undefined) return
    result[index] = report(source, rules.busy(candidate.seat) ? 'Busy' : 'Drawn')
  })
  return result
}

/** Reads a candidate word of the registry. */
export function decodeCandidate(word: bigint): Candidate {
  return {
    seat: Number(BigInt.asUintN(24, word)),
    operator: operatorOf(word),
    priceFloor: BigInt.asUintN(40, word >> 48n),
    status: nameAt(SEAT_STATUSES, BigInt.asUintN(8, word >> 24n)),
  }
}

/** Reads a candidate word of the Assigned event. */
export function decodeDrawnCandidate(word: bigint): DrawnCandidate {
  return {
    seat: Number(BigInt.asUintN(24, word)),
    operator: operatorOf(word),
    draw: nameAt(DRAWS, BigInt.asUintN(8, word >> 24n)),
    slot: Number(BigInt.asUintN(8, word >> 32n)),
  }
}

function operatorOf(word: bigint): Address {
  return getAddress(toBeHex(word >> 96n, 20)) as Address
}
