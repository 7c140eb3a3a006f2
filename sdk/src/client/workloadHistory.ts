import { getBytes } from 'ethers'
import type { MarketEvent, WorkloadEvent } from '../chain/events.js'
import { OPEN_SLOT } from '../chain/names.js'
import { isIn } from '../chain/isIn.js'
import type { Ledger, WorkloadSlot } from './Workload.js'

/** What the events of a workload say. */
export interface WorkloadHistory {
  readonly submitted?: MarketEvent<'Submitted'>
  readonly slots: WorkloadSlot[]
  /** Whether the requester closed commits early. */
  readonly released: boolean
  readonly finished?: Ledger
}

/** Gives revealed slots the verdict of a committee: bit k of `valid` for commit order k. */
export function judgeSlots(slots: WorkloadSlot[], valid: number): void {
  slots.forEach((slot, index) => {
    if (slot.status !== 'revealed' || slot.order === undefined) return
    slots[index] = { ...slot, status: isIn(valid, slot.order) ? 'valid' : 'invalid' }
  })
}

/** Folds the events of one workload, in order, into what they add up to. */
export function workloadHistory(events: Iterable<WorkloadEvent>): WorkloadHistory {
  const slots: WorkloadSlot[] = []
  let submitted: MarketEvent<'Submitted'> | undefined
  let released = false
  let finished: Ledger | undefined
  // A seat that declined may come back through an open slot: its last entry is the one that counts.
  const change = (seat: number, to: Partial<WorkloadSlot>): void => {
    const index = slots.findLastIndex((slot) => slot.seat === seat)
    const slot = slots[index]
    if (slot !== undefined) slots[index] = { ...slot, ...to }
  }
  for (const event of events) {
    switch (event.name) {
      case 'Submitted':
        submitted = event
        break
      case 'Assigned':
        for (const { seat, operator, slot } of event.args.candidates) {
          if (slot !== OPEN_SLOT) slots.push({ seat, operator, slot, status: 'assigned' })
        }
        slots.sort((a, b) => Number(a.slot) - Number(b.slot))
        break
      case 'Accepted':
        change(event.args.seat, { status: 'accepted' })
        break
      case 'Declined':
        change(event.args.seat, { status: 'declined' })
        break
      case 'Failed':
        change(event.args.seat, { status: 'failed', reason: event.args.reason })
        break
      case 'Committed': {
        const { seat, slot, order, commitment } = event.args
        if (slot === OPEN_SLOT) slots.push({ seat, slot: 'open', status: 'committed', order, commitment })
        // A proof submitted in the open is revealed first and has no commitment.
        else if (commitment === 0n) change(seat, { order })
        else change(seat, { status: 'committed', order, commitment })
        break
      }
      case 'Revealed': {
        const { seat, valid, proofDigest } = event.args
        const proof = { digest: proofDigest, transaction: event.at.transaction }
        change(seat, { status: valid ? 'valid' : 'invalid', proof })
        break
      }
      case 'RevealedToCommittee': {
        const { seat, proofDigest, proof, uri } = event.args
        const inline = proof === '0x' ? {} : { inline: getBytes(proof) }
        const revealed = {
          digest: proofDigest,
          transaction: event.at.transaction,
          ...inline,
          ...(uri !== '' && { uri }),
        }
        change(seat, { status: 'revealed', proof: revealed })
        break
      }
      case 'Judged':
        judgeSlots(slots, event.args.valid)
        break
      case 'CommitsClosed':
        released ||= event.args.released
        break
      case 'SlotSettled':
        change(event.args.seat, { rank: event.args.rank, paid: event.args.paid })
        break
      case 'Silent':
        change(event.args.seat, { status: 'silent' })
        break
      case 'Finished':
        finished = { paid: event.args.paid, refunded: event.args.refunded, burned: event.args.burned }
        break
      case 'CancelRequested':
      case 'Missed':
        break
    }
  }
  return { slots, released, ...(submitted && { submitted }), ...(finished && { finished }) }
}
