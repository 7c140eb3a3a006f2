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
