/** Compares what the contracts tell about workloads with the model. */
import { expect } from 'chai'

import { readSlot, readWorkloadState } from '../../../sdk/src/chain/index.js'
import type { State } from '../protocol/state.js'
import {
  accepted,
  deadline,
  failReason,
  isOpen,
  isReleased,
  openSlots,
  own,
  placeOf,
  vacated,
} from '../protocol/work.js'
import type { World } from '../World.js'

/** The workload's stored state, by the model. */
function jobView(state: State, number: number) {
  const job = state.jobs[number]!
  const nothing = {
    ...{ fee: 0n, round: 0, epoch: 0, startedAt: 0, deadline: 0, closedEarly: false, redundancy: 0, vacated: 0 },
    ...{ accepted: 0, committedOwn: 0, commits: 0, valid: 0, invalid: 0, failReason: 'None', cancelRequestedAt: 0 },
    ...{ judged: false, revealed: 0, dutyEnded: false },
  }
  const { phase, outcome, fee, redundancy, drawnAt: startedAt } = job
  if (phase === 'Final') return { ...nothing, phase, outcome, startedAt, dutyEnded: job.dutyEnded }
  const { judged, round, epoch } = job
  if (phase === 'Pending') return { ...nothing, phase, outcome, fee, redundancy, round, epoch }
  const verdicts = job.commits.map(({ verdict }) => verdict)
  return {
    ...nothing,
    ...{ phase, outcome, redundancy, judged, startedAt },
    revealed: verdicts.filter((verdict) => verdict === 'shown').length,
    deadline: deadline(job),
    closedEarly: job.closedAt !== undefined,
    vacated: vacated(job),
    accepted: accepted(job),
    committedOwn: own(job),
    commits: verdicts.length,
    valid: verdicts.filter((verdict) => verdict === 'valid').length,
    invalid: verdicts.filter((verdict) => verdict === 'invalid').length,
    failReason: failReason(job),
    cancelRequestedAt: job.cancelAskedAt ?? 0,
    dutyEnded: isReleased(job),
  }
}

/** Compares the workloads `numbers` and all places in them. */
export async function compareJobs(world: World, state: State, numbers: Iterable<number>): Promise<void> {
  const compareOne = async (number: number): Promise<void> => {
    const { id } = world.jobs[number]!
    const have = await readWorkloadState(world.views, id)
    expect(have, `workload ${number}`).to.deep.equal(jobView(state, number))
  }
  const compareSlot = async (number: number, seat: number): Promise<void> => {
    const place = placeOf(state, seat, state.jobs[number]!)
    const { state: have, slot, order } = await readSlot(world.views, world.jobs[number]!.id, seat)
    const what = `seat ${seat} in workload ${number}`
    expect(have, what).to.equal(place?.state ?? 'Free')
    if (place === undefined) return
    expect(slot, what).to.equal(place.slot ?? 15)
    if (['Committed', 'Valid', 'Invalid', 'Revealed'].includes(place.state)) expect(order, what).to.equal(place.order)
  }
  const seats = [...state.seats.keys()]
  const one = (number: number) => [compareOne(number), ...seats.map((seat) => compareSlot(number, seat))]
  await Promise.all([...numbers].flatMap(one))
}

/** Compares the slots open to others at the time of the newest block, which no stored state tells. */
export async function compareOpenSlots(world: World, state: State, number: number): Promise<void> {
  const job = state.jobs[number]!
  const { now } = await world.head()
  const want = isOpen(job, now) ? openSlots(job, now) : 0
  expect(Number(await world.contracts.market.openSlots(world.jobs[number]!.id)), `open slots at ${now}`).to.equal(want)
}
