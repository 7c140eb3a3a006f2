import { expect } from 'chai'
import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { Agenda } from '../../sdk/src/worker/coordinate/Agenda.js'

const NOW = 1_000
const named = (number: number): WorkloadId => `0x${number.toString(16).padStart(64, '0')}` as WorkloadId
const [ours, other] = [named(1), named(2)]

describe('worker: agenda', () => {
  it('takes what is due, as many as are wanted, whatever waits longest first', () => {
    const agenda = new Agenda()
    const all = [5, 3, 4].map(named)
    for (const workload of all) agenda.touch(workload)
    agenda.putBack(named(6), NOW + 1, NOW)
    expect(agenda.take(NOW, 2)).to.deep.equal(all.slice(0, 2))
    expect(agenda.take(NOW, 2)).to.deep.equal(all.slice(2))
    expect(agenda.take(NOW, 2)).to.be.empty
    expect(agenda.take(NOW + 1, 2)).to.deep.equal([named(6)])
  })

  it('what own money depends on goes before all the history of a network, as soon as it is due', () => {
    const agenda = new Agenda()
    for (let number = 10; number < 10_000; number++) agenda.touch(named(number))
    expect(agenda.take(NOW, 8)).to.deep.equal([10, 11, 12, 13, 14, 15, 16, 17].map(named))
    agenda.prefer(ours)
    agenda.touch(ours)
    expect(agenda.take(NOW, 8)[0]).to.equal(ours)
    agenda.putBack(ours, NOW + 5, NOW)
    expect(agenda.take(NOW + 4, 8)).not.to.include(ours)
    expect(agenda.take(NOW + 5, 8)[0]).to.equal(ours)
    agenda.prefer(ours, false)
    agenda.touch(ours)
    expect(agenda.take(NOW + 5, 8)).not.to.include(ours)
  })

  it('leaves a place to the others, so that they are looked at however much is preferred', () => {
    const agenda = new Agenda()
    agenda.touch(other)
    for (let number = 10; number < 20; number++) {
      agenda.prefer(named(number))
      agenda.touch(named(number))
    }
    expect(agenda.take(NOW, 4)).to.deep.equal([...[10, 11, 12].map(named), other])
    expect(agenda.take(NOW, 4)).to.deep.equal([13, 14, 15].map(named))
  })

  it('gives all that is preferred a turn, also where a second is too short for it, and the others their place', () => {
    const agenda = new Agenda()
    const numbers = (from: number): WorkloadId[] => Array.from({ length: 100 }, (_, index) => named(from + index))
    const [preferred, others] = [numbers(10), numbers(1_000)]
    for (const workload of [...others, ...preferred]) agenda.touch(workload)
    for (const workload of preferred) agenda.prefer(workload)
    const looks = new Map<WorkloadId, number>()
    // Four takes a second, of 7 of 100 that are due again a second later: all have had a turn after four seconds.
    for (let take = 0; take < 4 * 25; take++) {
      const now = NOW + Math.floor(take / 4)
      for (const workload of agenda.take(now, 8)) {
        looks.set(workload, (looks.get(workload) ?? 0) + 1)
        agenda.putBack(workload, now + 1, now)
      }
    }
    expect(new Set(preferred.map((workload) => looks.get(workload)))).to.deep.equal(new Set([7]))
    expect(new Set(others.map((workload) => looks.get(workload)))).to.deep.equal(new Set([1]))
  })

  it('what is preferred while it waits keeps its time, and so does what is not any more', () => {
    const agenda = new Agenda()
    agenda.putBack(ours, NOW + 5, NOW)
    agenda.prefer(ours)
    expect(agenda.take(NOW + 4, 8)).to.be.empty
    agenda.prefer(ours, false)
    expect(agenda.take(NOW + 4, 8)).to.be.empty
    expect(agenda.take(NOW + 5, 8)).to.deep.equal([ours])
  })

  it('what is put back is not due before the next second, unless something happens to it', () => {
    const agenda = new Agenda()
    agenda.putBack(other, NOW - 7, NOW)
    expect(agenda.take(NOW, 2)).to.be.empty
    agenda.touch(other)
    agenda.putBack(other, NOW + 9, NOW)
    expect(agenda.take(NOW, 2)).to.deep.equal([other])
    agenda.putBack(other, 'never', NOW)
    expect(agenda.take(NOW + 9, 2)).to.be.empty
  })
})
