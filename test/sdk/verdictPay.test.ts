import { expect } from 'chai'

import type {
  Address,
  CommitteeEvent,
  GevulotEvent,
  Hex,
  LogPosition,
  WorkloadEvent,
  WorkloadId,
} from '../../sdk/src/chain/index.js'
import { VerdictPay, type PaidVerdict } from '../../sdk/src/client/VerdictPay.js'

const WORKLOAD = `0x${'01'.repeat(32)}` as WorkloadId
const OTHER = `0x${'02'.repeat(32)}` as WorkloadId
const APPEAL = 4
const NOBODY = '0x' as Hex as Address
const at = {} as LogPosition

const voted = (attempt: number, seat: number, workload = WORKLOAD) =>
  ({ contract: 'committee', name: 'Voted', args: { workload, attempt, seat, valid: 1 }, at }) as CommitteeEvent
const judged = (each: bigint, workload = WORKLOAD) =>
  ({ contract: 'market', name: 'Judged', args: { workload, valid: 1, members: 0, each }, at }) as WorkloadEvent
const closed = (changed: boolean, paid: bigint) =>
  ({
    ...{ contract: 'committee', name: 'AppealClosed', at },
    args: { workload: WORKLOAD, changed, returned: 0n, paid, burned: 0n },
  }) as CommitteeEvent
const equivocated = (attempt: number, seat: number) =>
  ({
    ...{ contract: 'committee', name: 'Equivocated', at },
    args: { workload: WORKLOAD, attempt, seat, reporter: NOBODY },
  }) as CommitteeEvent

function paidBy(events: readonly GevulotEvent[]): readonly PaidVerdict[] {
  const pay = new VerdictPay()
  return events.flatMap((event) => pay.add(event))
}

// The rules of `Committee._conclusionOf` and `_closeAppeal`; against the contract in test/validator/committee.test.ts.
describe('sdk: who is paid for verdicts', () => {
  it('whoever answered in a first committee, each time it was drawn, and of this workload alone', () => {
    const events = [voted(1, 5), voted(2, 5), voted(2, 6), voted(1, 7, OTHER), judged(3n)]
    expect(paidBy(events)).to.deep.equal([
      { seat: 5, amount: 3n },
      { seat: 5, amount: 3n },
      { seat: 6, amount: 3n },
    ])
  })

  it('nobody twice, and nobody who signed two verdicts', () => {
    expect(paidBy([voted(1, 5), voted(1, 6), equivocated(1, 5), judged(3n), judged(3n)])).to.deep.equal([
      { seat: 6, amount: 3n },
    ])
  })

  it('of an appeal that changed the verdict its committee, by the fee alone', () => {
    const events = [voted(1, 5), voted(APPEAL, 8), voted(APPEAL, 9), closed(true, 0n), judged(2n)]
    expect(paidBy(events)).to.deep.equal([
      { seat: 8, amount: 2n },
      { seat: 9, amount: 2n },
    ])
  })

  it('of one that upheld it both: the first by the fee, the second by the bond', () => {
    const events = [
      voted(1, 5),
      voted(APPEAL, 8),
      voted(APPEAL, 9),
      equivocated(APPEAL, 9),
      closed(false, 7n),
      judged(2n),
    ]
    expect(paidBy(events)).to.deep.equal([
      { seat: 8, amount: 7n },
      { seat: 5, amount: 2n },
    ])
  })

  it('nobody where no committee came together', () => {
    expect(paidBy([voted(1, 5), judged(0n)])).to.be.empty
  })
})
