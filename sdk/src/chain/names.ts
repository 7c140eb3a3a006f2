/** Stored phases of a workload, in the order of the contract's `Phase`. */
export const PHASES = ['None', 'Pending', 'Proving', 'Final'] as const
/** A stored phase. */
export type Phase = (typeof PHASES)[number]

/** How a workload ended, in the order of the contract's `Outcome`. */
export const OUTCOMES = [
  'None',
  'Proven',
  'Unserved',
  'TimedOut',
  'ProgramFailed',
  'InputsUnavailable',
  'InvalidProof',
  'NotRevealed',
  'Cancelled',
  'Unjudged',
] as const
/** How a workload ended. */
export type Outcome = (typeof OUTCOMES)[number]

/** Lists of who may submit and deploy, in the order of the contract's `AccessList`. */
export const ACCESS_LISTS = ['Requesters', 'Deployers'] as const
/** A list that a network starts with. */
export type AccessList = (typeof ACCESS_LISTS)[number]

/** Why a prover could not do its work, in the order of the contract's `FailReason`. */
export const FAIL_REASONS = ['None', 'ProgramFailed', 'InputsUnavailable', 'OutOfTime'] as const
/** Why a prover could not do its work. */
export type FailReason = (typeof FAIL_REASONS)[number]

/** States of a seat's slot word, in the order of the contract's `SlotState`. */
export const SLOT_STATES = [
  'Free',
  'Assigned',
  'Accepted',
  'Committed',
  'Valid',
  'Invalid',
  'Failed',
  'Revealed',
] as const
/** State of a seat's slot word. */
export type SlotState = (typeof SLOT_STATES)[number]

/** What a draw did with a candidate, in the order of the contract's `Draw`. */
export const DRAWS = ['Drawn', 'Busy', 'BelowFloor', 'Inactive', 'SameOperator', 'Spare'] as const
/** What a draw did with a candidate. */
export type Draw = (typeof DRAWS)[number]

/** Where a seat is in its life, in the order of the registry's `SeatStatus`. */
export const SEAT_STATUSES = ['None', 'Inactive', 'Active', 'Leaving', 'Dropped'] as const
/** Where a seat is in its life. */
export type SeatStatus = (typeof SEAT_STATUSES)[number]

/** Where the judging of a workload is, in the order of the committee's `Stage`. */
export const JUDGING_STAGES = ['None', 'Drawing', 'Voting', 'Failed', 'Appealable', 'Final', 'GivenUp'] as const
/** Where the judging of a workload is. */
export type JudgingStage = (typeof JUDGING_STAGES)[number]

/** Slot number of a commit to an open slot. */
export const OPEN_SLOT = 15

/** The name at `index` of one of the lists above. */
export function nameAt<const Names extends readonly string[]>(names: Names, index: bigint | number): Names[number] {
  const name = names[Number(index)]
  if (name === undefined) throw new RangeError(`no name number ${index} among ${names.join(', ')}`)
  return name
}

/** The contract's number of a name of one of the lists above. */
export function numberOf<const Names extends readonly string[]>(names: Names, name: Names[number]): number {
  return names.indexOf(name)
}
