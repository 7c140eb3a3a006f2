import type { DrawnCandidate } from '../../../sdk/src/chain/draw.js'
import { OPEN_SLOT } from '../../../sdk/src/chain/names.js'
import { verdictOn } from '../../../sdk/src/chain/verdictOn.js'
import type { AnswerOf, Step } from '../answers.js'

/** A workload as its page has it. */
export type Workload = AnswerOf<'getWorkload'>

/** What a seat did, with Unix times. */
export interface Lane {
  readonly seat: number
  readonly operator: string
  /** Null where it took an open slot. */
  readonly slot: number | null
  readonly drawnAt: number | null
  readonly acceptedAt: number | null
  readonly committedAt: number | null
  readonly revealedAt: number | null
  /** What the verifier contract or the committee said of its proof; null as long as neither did. */
  readonly valid: boolean | null
  readonly declinedAt: number | null
  readonly failed: string | null
  readonly missed: boolean
  readonly silent: boolean
  readonly rank: number
  /** Token units. */
  readonly paid: bigint
  readonly lastAt: number
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Arguments of events are the chain's, and the server's word for it: what has another shape counts as nothing. */
export const numberIn = (step: Step, name: string): number =>
  typeof step.args[name] === 'number' ? step.args[name] : 0
export const textIn = (step: Step, name: string): string => (typeof step.args[name] === 'string' ? step.args[name] : '')
export const amountIn = (step: Step, name: string): bigint =>
  /^\d{1,78}$/.test(textIn(step, name)) ? BigInt(textIn(step, name)) : 0n

/** The events of these names, in order. */
export function stepsOf(story: readonly Step[], ...names: string[]): Step[] {
  return story.filter(({ name }) => names.includes(name))
}

/** The candidates of the draw, as the chain reports them. */
export function candidatesOf(story: readonly Step[]): readonly DrawnCandidate[] {
  const given = stepsOf(story, 'Assigned')[0]?.args['candidates']
  // The index wrote down what the SDK decoded.
  return Array.isArray(given) ? (given as DrawnCandidate[]) : []
}

/** What each seat did, those that were drawn first. */
export function lanesOf({ story, slots }: Pick<Workload, 'story' | 'slots'>): Lane[] {
  const lanes = new Map<number, Mutable<Lane>>()
  const operators = new Map(slots.map(({ seat, operator }) => [seat, operator]))
  const laneOf = (seat: number, operator?: string): Mutable<Lane> => {
    const known = lanes.get(seat)
    if (known !== undefined) return known
    const made: Mutable<Lane> = {
      ...{ seat, operator: operator ?? operators.get(seat) ?? '', slot: null, drawnAt: null, acceptedAt: null },
      ...{ committedAt: null, revealedAt: null, valid: null, declinedAt: null, failed: null, missed: false },
      ...{ silent: false, rank: 0, paid: 0n, lastAt: 0 },
    }
    lanes.set(seat, made)
    return made
  }
  const assigned = stepsOf(story, 'Assigned')[0]
  for (const { seat, operator, slot } of candidatesOf(story)) {
    if (slot === OPEN_SLOT || assigned === undefined) continue
    Object.assign(laneOf(seat, operator), { slot, drawnAt: assigned.time, lastAt: assigned.time })
  }
  for (const step of story) {
    if (step.contract !== 'market' || typeof step.args['seat'] !== 'number') continue
    const lane = laneOf(step.args['seat'])
    lane.lastAt = step.time
    apply(lane, step, story)
  }
  return [...lanes.values()]
}

function apply(lane: Mutable<Lane>, step: Step, story: readonly Step[]): void {
  const { name, time } = step
  if (name === 'Accepted') lane.acceptedAt ??= time
  else if (name === 'Declined') lane.declinedAt = time
  else if (name === 'Failed') lane.failed = textIn(step, 'reason')
  else if (name === 'Committed') lane.committedAt = time
  else if (name === 'Revealed' || name === 'RevealedToCommittee')
    Object.assign(lane, { revealedAt: time, valid: verdictOn(step, story) ?? null })
  else if (name === 'SlotSettled') Object.assign(lane, { rank: numberIn(step, 'rank'), paid: amountIn(step, 'paid') })
  else if (name === 'Missed') lane.missed = true
  else if (name === 'Silent') lane.silent = true
}
