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
    return line.standingOf(workload, rooms, now).waitSeconds
  }

  it('waits for what came before it, not for what comes after', () => {
    const line = new WorkLine()
    expect(line.standingOf(A, 1, NOW)).to.deep.equal({ waitSeconds: 0, isWaiting: false })
    for (const workload of [A, B, C]) line.enter(workload, 40)
    expect([A, B, C, D].map((workload) => wait(line, workload, 1))).to.deep.equal([0, 40, 80, 120])
    expect(line.standingOf(B, 1, NOW).isWaiting).to.be.true
    line.leave(A)
    expect([B, C, D].map((workload) => wait(line, workload, 1))).to.deep.equal([0, 40, 80])
  })

  it('waits for what is left of a run, whenever that was taken on', () => {
    const line = new WorkLine()
    for (const workload of [A, B]) line.enter(workload, 40)
    // The content of B was there first.
    line.advance(B, 'running', NOW)
    expect(line.standingOf(B, 1, NOW + 10)).to.deep.equal({ waitSeconds: 0, isWaiting: false, ranSeconds: 10 })
    expect(wait(line, A, 1, NOW + 10)).to.equal(30)
    expect(wait(line, C, 1, NOW + 10)).to.equal(70)
    // A fleet tells the same stage again and again.
    line.advance(B, 'running', NOW + 20)
    expect(wait(line, A, 1, NOW + 30)).to.equal(10)
    expect(wait(line, A, 1, NOW + 50)).to.equal(0)
    // Its runner was lost.
    line.advance(B, 'fetching', NOW + 50)
    expect(line.standingOf(B, 1, NOW + 50)).to.deep.equal({ waitSeconds: 40, isWaiting: true })
  })

  it('has a wait only where all rooms are taken, and takes the first that becomes free', () => {
    const line = new WorkLine()
    line.enter(A, 40)
    line.enter(B, 100)
    expect(wait(line, C, 3)).to.equal(0)
    expect(wait(line, C, 2)).to.equal(40)
    line.enter(C, 30)
    expect(wait(line, D, 2)).to.equal(70)
    line.advance(A, 'running', NOW - 35)
    expect(wait(line, C, 2)).to.equal(5)
    expect(wait(line, D, 2)).to.equal(35)
  })

  it('counts nothing for what never ran here, until it has, nor while no runner is there', () => {
    const line = new WorkLine()
    line.enter(A, undefined)
    expect(wait(line, B, 1)).to.equal(0)
    line.enter(A, 40)
    expect(wait(line, B, 1)).to.equal(40)
    expect(line.standingOf(A, 0, NOW)).to.deep.equal({ waitSeconds: 0, isWaiting: true })
    expect(wait(line, B, 0)).to.equal(0)
  })
})
