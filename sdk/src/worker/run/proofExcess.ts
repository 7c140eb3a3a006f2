import { MOST_SHOWN_BYTES } from '../../chain/transactionLimits.js'
import { COPY_LIMIT, type Load } from './ProofStore.js'
import { isJudged, type WorkOrder } from './WorkOrder.js'

/**
 * Most bytes of public inputs that this worker deals with: where a contract judges, one transaction takes them there, with the proof. A committee reads
 * files, and the limit is what workers pass on.
 */
export function mostPublicInputs(order: Pick<WorkOrder, 'program'>): number {
  return isJudged(order) ? COPY_LIMIT : MOST_SHOWN_BYTES
}

/**
 * Why a proof cannot go where it is judged, in words; undefined if it can. Asked before it is read: what a program made may be as large as its output,
 * and encoding costs sixty times as much memory.
 */
export function proofExcess(order: Pick<WorkOrder, 'program'>, { publicInputs, proof }: Load): string | undefined {
  const most = mostPublicInputs(order)
  if (isJudged(order)) {
    return proof > most ? `the proof has ${proof} bytes, more than the ${most} that workers keep` : undefined
  }
  return publicInputs + proof > most
    ? `the proof has ${proof} bytes and the public inputs ${publicInputs}, together more than the ${most} of one transaction`
    : undefined
}
