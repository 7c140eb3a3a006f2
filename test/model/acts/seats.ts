/** Acts of operators with their seats. */
import * as registry from '../protocol/registry.js'
import type { Seat } from '../protocol/state.js'
import type { Call, Scene } from './call.js'

/** The call of an act about a seat; undefined for other acts. */
export function seatAct({ rules, caller, step: { act, n } }: Scene, seat: Seat | undefined): Call | undefined {
  const id = seat?.id ?? 1
  const floor = BigInt(n % 4) * 100_000n
  const call = { target: 'registry', name: act } as const
  switch (act) {
    case 'stake':
      return { ...call, args: [1, 1, floor], play: (s, m) => registry.stake(s, rules, m, floor) }
    case 'join':
      return { ...call, args: [[id], floor], play: (s, m) => registry.join(s, rules, m, id, floor) }
    case 'leave':
      return { ...call, name: 'leaveSet', args: [[id]], play: (s, m) => registry.leave(s, rules, m, id) }
    case 'topUp':
      return { ...call, args: [id], play: (s, m) => registry.topUp(s, rules, m, id) }
    case 'withdrawSeat':
      return { ...call, name: 'withdraw', args: [[id], caller], play: (s, m) => registry.withdrawSeat(s, m, id) }
    default:
      return undefined
  }
}
