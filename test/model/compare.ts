/** Compares everything the contracts tell about their state with the model. */
import { expect } from 'chai'

import { readSlot, readWorkloadState } from '../../sdk/src/chain/index.js'
import type { State } from './state.js'
import { accepted, deadline, failReason, isOpen, isReleased, openSlots, own, placeOf, vacated } from './work.js'
import type { World } from './World.js'
import type { Rules } from './state.js'

/** The workload's stored state, by the model. */
function jobView(state: State, number: number) {
  const job = state.jobs[number]!
  const nothing = {
    ...{ fee: 0n, round: 0, epoch: 0, startedAt: 0, deadline: 0, closedEarly: false, redundancy: 0, vacated: 0 },
    ...{ accepted: 0, committedOwn: 0, commits: 0, valid: 0, invalid: 0, failReason: 'None', cancelRequestedAt: 0 },
    // The model's programs have a verifier contract: no proof waits for a committee.
    ...{ judged: false, revealed: 0, dutyEnded: false },
  }
  const { phase, outcome, fee, redundancy, drawnAt: startedAt } = job
  if (phase === 'Final') return { ...nothing, phase, outcome, startedAt, dutyEnded: job.dutyEnded }
  if (phase === 'Pending') return { ...nothing, phase, outcome, fee, redundancy, round: job.round, epoch: job.epoch }
  const verdicts = job.commits.map(({ verdict }) => verdict)
  return {
    ...nothing,
    ...{ phase, outcome, fee, redundancy, startedAt },
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

async function compareJobs(world: World, state: State, numbers: Iterable<number>): Promise<void> {
  for (const number of numbers) {
    const job = world.jobs[number]!
    expect(await readWorkloadState(world.contracts, job.id), `workload ${number}`).to.deep.equal(jobView(state, number))
    for (const seat of state.seats.keys()) {
      const place = placeOf(state, seat, state.jobs[number]!)
      const { state: have, slot, order } = await readSlot(world.contracts, job.id, seat)
      const what = `seat ${seat} in workload ${number}`
      expect(have, what).to.equal(place?.state ?? 'Free')
      if (place === undefined) continue
      expect(slot, what).to.equal(place.slot ?? 15)
      if (['Committed', 'Valid', 'Invalid'].includes(place.state)) expect(order, what).to.equal(place.order)
    }
  }
}

async function compareSeats(world: World, state: State): Promise<void> {
  for (const seat of state.seats.values()) {
    const have = await world.contracts.registry.seatOf(seat.id)
    const what = `seat ${seat.id}`
    expect(have.operator === '0x0000000000000000000000000000000000000000' ? undefined : have.operator, what).to.equal(
      seat.operator,
    )
    expect(['None', 'Inactive', 'Active', 'Leaving', 'Dropped'][Number(have.status)], what).to.equal(seat.status)
    expect(have.bond, what).to.equal(seat.bond)
    if (seat.status === 'Leaving' || seat.status === 'Dropped')
      expect(Number(have.unlockAt), what).to.equal(seat.unlockAt)
    expect(await world.contracts.market.isHeld(seat.id), what).to.equal(
      seat.main?.state === 'Assigned' || seat.main?.state === 'Accepted',
    )
  }
}

async function compareMoney(world: World, state: State, rules: Rules): Promise<void> {
  const { market, registry, token } = world.contracts
  let owed = 0n
  for (const { address } of world.accounts) {
    const have = await market.accountOf(address)
    const want = state.balances.get(address) ?? { free: 0n, nonce: 0, toBurn: 0n }
    expect([have.balance, Number(have.nonce), have.toBurn], `account ${address}`).to.deep.equal([
      want.free,
      want.nonce,
      want.toBurn,
    ])
    expect(await token.balanceOf(address), `wallet ${address}`).to.equal(state.wallets.get(address))
    owed += want.free + want.toBurn
  }
  for (const { phase, fee } of state.jobs) {
    if (phase === 'Pending') owed += fee
    if (phase === 'Proving') owed += fee - rules.assignBounty
  }
  expect(await token.balanceOf(market), 'tokens of the market').to.equal(owed)
  let bonded = 0n
  for (const { bond } of state.seats.values()) bonded += bond
  for (const { bounty, burn } of state.reports.values()) bonded += bounty + burn
  expect(await token.balanceOf(registry), 'tokens of the registry').to.equal(bonded)
  expect(await token.totalSupply(), 'supply').to.equal(state.supply)
}

/** Compares the slots open to others at the time of the newest block, which no stored state tells. */
export async function compareOpenSlots(world: World, state: State, rules: Rules, number: number): Promise<void> {
  const job = state.jobs[number]!
  const { now } = await world.head()
  const want = isOpen(job, now) ? openSlots(job, rules, now) : 0
  expect(Number(await world.contracts.market.openSlots(world.jobs[number]!.id)), `open slots at ${now}`).to.equal(want)
}

/** Compares the workloads `touched` and all seats and money; throws at the first difference. */
export async function compare(world: World, state: State, rules: Rules, touched: Iterable<number>): Promise<void> {
  await compareJobs(world, state, touched)
  await compareSeats(world, state)
  await compareMoney(world, state, rules)
}
