import { workerError } from '../../errors/codes/worker.js'

/** States of a job. The first seven are the way to a paid proof, in order. */
export const JOB_STATES = [
  'assigned',
  'fetching',
  'running',
  'proved',
  'committed',
  'revealed',
  'settled',
  'declined',
  'failed',
  'lost',
  'expired',
] as const
/** State of a job. */
export type JobState = (typeof JOB_STATES)[number]

/** States in which the work has ended, well or not. */
const ENDS: readonly JobState[] = ['settled', 'declined', 'failed', 'lost', 'expired']

/** Where an ended job goes back to when the slot word shows its seat in the work: a reorg undid the end, or an endpoint told a wrong time. */
const BACK: readonly JobState[] = ['assigned', 'committed', 'revealed']

/**
 * Every transition there is. A state is what was decided, written before anything is done about it; whether it has
 * happened is read from the chain.
 */
const TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  assigned: ['fetching', 'declined', 'failed', 'lost', 'expired', 'committed'],
  fetching: ['running', 'declined', 'failed', 'lost', 'expired', 'committed'],
  running: ['proved', 'declined', 'failed', 'lost', 'expired', 'committed'],
  proved: ['committed', 'failed', 'lost', 'expired'],
  committed: ['revealed', 'settled', 'failed', 'lost', 'expired'],
  revealed: ['settled', 'lost', 'expired'],
  settled: BACK,
  // The answer is on its way or on chain; a later, harsher fact can still take its place.
  declined: ['failed', 'lost', 'expired', ...BACK],
  failed: ['lost', 'expired', ...BACK],
  lost: BACK,
  expired: BACK,
}

/** Whether a state is an end. */
export function isOver(state: JobState): boolean {
  return ENDS.includes(state)
}

/** Whether a job may go from one state to another. */
export function canBecome(from: JobState, to: JobState): boolean {
  return TRANSITIONS[from].includes(to)
}

/**
 * Refuses a transition that is not in the table.
 * @throws GevulotError WORKER_TRANSITION_ILLEGAL
 */
export function assertTransition(from: JobState, to: JobState): void {
  if (!canBecome(from, to)) {
    throw workerError('WORKER_TRANSITION_ILLEGAL', `a job cannot go from ${from} to ${to}`, { details: { from, to } })
  }
}
