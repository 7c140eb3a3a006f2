import { expect } from 'chai'

import { bumpedFees, firstFees, type Fees } from '../../sdk/src/worker/publish/fees.js'

const GWEI = 10n ** 9n

/** Whether a node takes the one in place of the other: both fees a tenth higher, as geth reckons. */
function isTaken(next: Fees, last: Fees): boolean {
  const least = (fee: bigint): bigint => (fee * 110n) / 100n
  const isHigher = next.maxFee > last.maxFee && next.priorityFee > last.priorityFee
  return isHigher && next.maxFee >= least(last.maxFee) && next.priorityFee >= least(last.priorityFee)
}

describe('worker: fees', () => {
  it('raises by a quarter, by what is left below the ceiling, and not where no node would take it', () => {
    const ceiling = 100n * GWEI
    const last = (maxFee: bigint): Fees => ({ maxFee, priorityFee: GWEI / 10n })
    expect(bumpedFees(last(40n * GWEI), GWEI, ceiling)?.maxFee).to.equal(50n * GWEI + 1n)
    for (const gwei of [80n, 81n, 90n]) {
      const next = bumpedFees(last(gwei * GWEI), GWEI, ceiling)
      expect(next?.maxFee, `${gwei}`).to.equal(ceiling)
      expect(isTaken(next!, last(gwei * GWEI))).to.be.true
    }
    expect(bumpedFees(last(91n * GWEI), GWEI, ceiling)).to.be.undefined
    expect(bumpedFees(last(ceiling), GWEI, ceiling)).to.be.undefined
  })

  it('every replacement is taken for one, whatever the fees', () => {
    for (let ceiling = 2n; ceiling < 60n; ceiling++) {
      for (let tip = 0n; tip <= ceiling; tip++) {
        let last = firstFees(ceiling / 3n, tip, ceiling)!
        for (let times = 0; ; times++) {
          const next = bumpedFees(last, ceiling / 3n, ceiling)
          if (next === undefined) break
          expect(isTaken(next, last), `${ceiling} ${tip} ${times}`).to.be.true
          expect(next.maxFee <= ceiling && next.priorityFee <= next.maxFee).to.be.true
          last = next
        }
      }
    }
  })
})
