/** Acts of operators with their seats. */
import * as registry from '../protocol/registry.js'
import type { Seat } from '../protocol/state.js'
import { CHECKED, PLAIN, VALIDATORS } from '../parameters.js'
import type { Call, Scene } from './call.js'

/** The call of an act about a seat; undefined for other acts. */
export function seatAct({ rules, caller, step: { act, n } }: Scene, seat: Seat | undefined): Call | undefined {
  const id = seat?.id ?? 1
  const floor = BigInt(n % 4) * 100_000n
  const call = { target: 'registry', name: act } as const
  switch (act) {
    case 'stake': {
      const of = [PLAIN, PLAIN, CHECKED, CHECKED, VALIDATORS, 9][n % 6]!
      const count = n % 17 === 0 ? 0 : n % 19 === 0 ? 65 : n % 7 === 0 ? 2 : 1
      return { ...call, args: [of, count, floor], play: (s, m) => registry.stake(s, rules, m, of, count, floor) }
    }
    case 'join':
      return { ...call, args: [[id], floor], play: (s, m) => registry.join(s, rules, m, id, floor) }
    case 'leave':
      return { ...call, name: 'leaveSet', args: [[id]], play: (s, m) => registry.leave(s, rules, m, id) }
    case 'topUp':
      return { ...call, args: [id], play: (s, m) => registry.topUp(s, m, id) }
    case 'withdrawSeat':
      return { ...call, name: 'withdraw', args: [[id], caller], play: (s, m) => registry.withdrawSeat(s, m, id) }
    default:
      return undefined
  }
}
