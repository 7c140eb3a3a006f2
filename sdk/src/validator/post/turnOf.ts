import { id as hashOf } from 'ethers'
import type { CommitteeMember, WorkloadId } from '../../chain/index.js'

/**
 * The place of an operator's members in the order in which members of a committee post: the same for everybody, different for
 * each workload, so that nobody pays the gas every time.
 */
export function turnOf(
  workload: WorkloadId,
  attempt: number,
  members: readonly CommitteeMember[],
  own: ReadonlySet<number>,
): number {
  const order = members
    .map(({ member, seat }) => ({ member, key: hashOf(`${workload}/${attempt}/${seat}`) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  return Math.max(
    0,
    order.findIndex(({ member }) => own.has(member)),
  )
}
