import type { z } from 'zod'
import type { Workload } from '../../client/Workload.js'
import type { request as requestShape, workload as workloadShape } from '../contract/shapes.js'
import type { StoredRequest } from '../store/RequestStore.js'

/** A workload as the API answers it. */
export function workloadAnswer(workload: Workload): z.output<typeof workloadShape> {
  const { spec, terms, slots } = workload
  return {
    workload: workload.workload,
    status: workload.status,
    reason: workload.status === 'expired' ? workload.reason : null,
    outcome: workload.status === 'settleable' ? workload.outcome : null,
    ...{ program: spec.program, requester: spec.requester, fee: terms.fee.toString() },
    ...{ maxRunTime: terms.maxRunTime, redundancy: terms.redundancy, submittedBlock: workload.submittedBlock },
    deadline: workload.status === 'proving' ? workload.deadline : null,
    slots: slots.map(({ seat, operator, slot, status, rank, paid, proof, commitment, order }) => ({
      ...{ seat, operator: operator ?? null, slot, status, rank: rank ?? null },
      ...{ paid: paid?.toString() ?? null, proofDigest: proof?.digest ?? null },
      ...{ commitment: commitment?.toString() ?? null, order: order ?? null },
    })),
    ledger: ledgerOf(workload),
    ...{ block: workload.block, time: workload.time },
  }
}

function ledgerOf(workload: Workload) {
  if (workload.status !== 'proven' && workload.status !== 'expired' && workload.status !== 'cancelled') return null
  const { paid, refunded, burned } = workload
  return { paid: paid.toString(), refunded: refunded.toString(), burned: burned.toString() }
}

/** A request as the API answers it. */
export function requestAnswer(row: StoredRequest): z.output<typeof requestShape> {
  return {
    ...{ request: row.public_id, state: row.state, cancelling: row.cancelling },
    ...{ releasing: row.releasing, program: row.program, fee: row.fee, label: row.label, jobs: row.jobs },
    ...{ maxRunTime: row.max_run_time, redundancy: row.redundancy, inputs: row.inputs, workload: row.workload },
    error: row.error === null ? null : (JSON.parse(row.error) as { code: string; message: string; hint: string }),
    createdAt: row.created_at,
  }
}
