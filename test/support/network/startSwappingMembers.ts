import type { Contracts } from '../../../sdk/src/chain/connect.js'
import { FaultyRpc } from './FaultyRpc.js'

/** An endpoint before `node` that tells of other committees than were drawn: the first two members of each change places. */
export async function startSwappingMembers(node: string, { committee }: Contracts): Promise<FaultyRpc> {
  const abi = committee.interface
  const drawn = abi.getEvent('CommitteeDrawn')
  const liar = await FaultyRpc.start(node)
  liar.fault = 'rewrites logs'
  liar.rewrites = (log) => {
    if (log.topics[0] !== drawn.topicHash) return log
    const args = abi.decodeEventLog(drawn, log.data, log.topics).toArray()
    const [id, attempt, [first, second, ...others], ...rest] = args as [string, bigint, bigint[], ...unknown[]]
    return { ...log, ...abi.encodeEventLog(drawn, [id, attempt, [second, first, ...others], ...rest]) }
  }
  return liar
}
