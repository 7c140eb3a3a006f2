import {
  OPEN_SLOT,
  seatsOf,
  specOf,
  unpackTerms,
  type Spec,
  type Terms,
  type WorkloadEvent,
  type WorkloadId,
} from '../../chain/index.js'

/** What the stored events say about a workload. */
export interface Dossier {
  readonly workload: WorkloadId
  readonly spec: Spec
  readonly terms: Terms
  readonly inputsUri: string
  readonly events: readonly WorkloadEvent[]
  /** Every seat that ever had to do with it. */
  readonly seats: readonly number[]
}

/** Reads the events of a workload; undefined while its submission is not among them. */
export function dossierOf(workload: WorkloadId, events: readonly WorkloadEvent[]): Dossier | undefined {
  const submitted = events.find((event) => event.name === 'Submitted')
  if (submitted === undefined) return undefined
  return {
    workload,
    spec: specOf(submitted.args),
    terms: unpackTerms(submitted.args.terms),
    inputsUri: submitted.args.inputsUri,
    events,
    seats: seatsOf(events),
  }
}

/** Whether a seat was drawn for a slot. */
export function isDrawn({ events }: Dossier, seat: number): boolean {
  return events.some(
    (event) =>
      event.name === 'Assigned' &&
      event.args.candidates.some((candidate) => candidate.seat === seat && candidate.slot !== OPEN_SLOT),
  )
}

/** The newest event of a name about a seat. */
export function newestOf<Name extends 'Declined' | 'Committed' | 'Revealed' | 'RevealedToCommittee' | 'SlotSettled'>(
  { events }: Dossier,
  name: Name,
  seat: number,
): Extract<WorkloadEvent, { readonly name: Name }> | undefined {
  return events.findLast(
    (event): event is Extract<WorkloadEvent, { readonly name: Name }> =>
      event.name === name && 'seat' in event.args && event.args.seat === seat,
  )
}
