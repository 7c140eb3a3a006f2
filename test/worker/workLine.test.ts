import { expect } from 'chai'

import type { WorkloadId } from '../../sdk/src/chain/index.js'
import { WorkLine } from '../../sdk/src/worker/coordinate/WorkLine.js'

const [A, B, C, D] = ['01', '02', '03', '04'].map((byte) => `0x${byte.repeat(32)}` as WorkloadId) as [
  WorkloadId,
  WorkloadId,
  WorkloadId,
  WorkloadId,
]
const NOW = 1_000

describe('worker: work in line', () => {
  function wait(line: WorkLine, workload: WorkloadId, rooms: number, now = NOW): number {
    return line.standingOf(workload, false, rooms, now).waitSeconds
  }

  it('waits for what came before it, not for what comes after', () => {
    const line = new WorkLine()
    expect(line.standingOf(A, false, 1, NOW)).to.deep.equal({ waitSeconds: 0, isWaiting: false })
    for (const workload of [A, B, C]) line.enter(workload, false, 40, NOW)
    expect([A, B, C, D].map((workload) => wait(line, workload, 1))).to.deep.equal([0, 40, 80, 120])
    expect(line.standingOf(B, false, 1, NOW).isWaiting).to.be.true
    line.leave(A)
    expect([B, C, D].map((workload) => wait(line, workload, 1))).to.deep.equal([0, 40, 80])
  })

  it('waits for what is left of a run, whenever that was taken on', () => {
    const line = new WorkLine()
    for (const workload of [A, B]) line.enter(workload, false, 40, NOW)
    // The content of B was there first.
    line.advance(B, 'running', NOW)
    expect(line.standingOf(B, false, 1, NOW + 10)).to.deep.equal({ waitSeconds: 0, isWaiting: false, ranSeconds: 10 })
    expect(wait(line, A, 1, NOW + 10)).to.equal(30)
    expect(wait(line, C, 1, NOW + 10)).to.equal(70)
    // A fleet tells the same stage again and again.
    line.advance(B, 'running', NOW + 20)
    expect(wait(line, A, 1, NOW + 30)).to.equal(10)
    expect(wait(line, A, 1, NOW + 50)).to.equal(0)
    // Its runner was lost.
    line.advance(B, 'fetching', NOW + 50)
    expect(line.standingOf(B, false, 1, NOW + 50)).to.deep.equal({ waitSeconds: 40, isWaiting: true })
  })

  it('has a wait only where all rooms are taken, and takes the first that becomes free', () => {
    const line = new WorkLine()
    line.enter(A, false, 40, NOW)
    line.enter(B, false, 100, NOW)
    expect(wait(line, C, 3)).to.equal(0)
    expect(wait(line, C, 2)).to.equal(40)
    line.enter(C, false, 30, NOW)
    expect(wait(line, D, 2)).to.equal(70)
    line.advance(A, 'running', NOW - 35)
    expect(wait(line, C, 2)).to.equal(5)
    expect(wait(line, D, 2)).to.equal(35)
  })

  it('counts nothing for what never ran here, until it has, nor while no runner is there', () => {
    const line = new WorkLine()
    line.enter(A, false, undefined, NOW)
    expect(wait(line, B, 1)).to.equal(0)
    line.enter(A, false, 40, NOW)
    expect(wait(line, B, 1)).to.equal(40)
    expect(line.standingOf(A, false, 0, NOW)).to.deep.equal({ waitSeconds: 0, isWaiting: true })
    expect(wait(line, B, 0)).to.equal(0)
  })

  it('work for an open slot counts only before its like, and gives way, the newest first', () => {
    const line = new WorkLine()
    line.enter(A, true, 3_600, NOW)
    line.advance(A, 'running', NOW)
    line.enter(B, true, 40, NOW)
    expect(line.standingOf(C, true, 1, NOW).waitSeconds).to.equal(3_640)
    expect(line.standingOf(B, true, 1, NOW).waitSeconds).to.equal(3_600)
    expect(line.standingOf(C, false, 1, NOW).waitSeconds).to.equal(0)
    const inTheWay = (now: number) => [A, B, C].filter((workload) => line.isInTheWay(workload, now, () => true))
    expect(inTheWay(NOW)).to.be.empty
    line.enter(C, false, 20, NOW)
    expect(wait(line, D, 1)).to.equal(20)
    // As long as a runner may just be taking it.
    expect(inTheWay(NOW + 2)).to.be.empty
    expect(inTheWay(NOW + 3)).to.deep.equal([B])
    // Nothing has to give way to what has its room, nor what is in nobody's way.
    expect(line.isInTheWay(B, NOW + 3, () => false)).to.be.false
    const onlyA = (open: WorkloadId, drawn: WorkloadId) => open === A && drawn === C
    expect([A, B, C].filter((workload) => line.isInTheWay(workload, NOW + 3, onlyA))).to.deep.equal([A])
    line.leave(B)
    expect(inTheWay(NOW + 3)).to.deep.equal([A])
    line.advance(C, 'running', NOW + 4)
    expect(inTheWay(NOW + 9)).to.be.empty
    // Its runner was lost.
    line.advance(C, 'fetching', NOW + 9)
    expect(inTheWay(NOW + 11)).to.be.empty
    expect(inTheWay(NOW + 12)).to.deep.equal([A])
    // A reorg has drawn the seat that worked for an open slot.
    line.enter(A, false, 3_600, NOW + 12)
    expect(inTheWay(NOW + 12)).to.be.empty
  })
})
