import { failed } from './Ended.js'
import { proofExcess } from './proofExcess.js'
import type { KeptProof, ProofStore } from './ProofStore.js'
import type { WorkOrder } from './WorkOrder.js'

/**
 * The proof of an earlier start, if there is one. One that cannot go where it is judged is removed: checked again at every start, it would end each
 * of them.
 * @throws Ended
 */
export async function findProof(proofs: ProofStore, order: WorkOrder): Promise<KeptProof | undefined> {
  const kept = await proofs.find(order.workload)
  const load =
    kept === undefined
      ? await proofs.loadOf(order.workload)
      : { publicInputs: kept.publicInputs.length, proof: kept.proof.length }
  const why = load && proofExcess(order, load)
  if (why === undefined) return kept
  await proofs.remove(order.workload)
  throw failed('ProgramFailed', why)
}
