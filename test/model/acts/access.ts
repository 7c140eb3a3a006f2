/** Acts of the owner, of the guardian, and of deployers. */
import { ZeroAddress } from 'ethers'

import { CHECKED, PLAIN } from '../parameters.js'
import * as access from '../protocol/access.js'
import { LISTS } from '../protocol/state.js'
import type { Call, Scene } from './call.js'
import { choose } from './step.js'

const DAY = 86_400

/** The call of an act about who may begin something; undefined for other acts. */
export function accessAct(scene: Scene): Call | undefined {
  return listAct(scene) ?? guardAct(scene)
}

function listAct({ world, rules, step: { act, n } }: Scene): Call | undefined {
  const list = choose(LISTS, n)!
  const target = list === 'Operators' ? 'registry' : 'market'
  const named = list === 'Operators' ? [] : [LISTS.indexOf(list)]
  switch (act) {
    case 'admit': {
      const account = choose(world.addresses, n >> 2)!
      const value = n % 8 < 5
      const play: Call['play'] = (s, m) => access.admit(s, rules, m, list, account, value)
      return { target, name: act, args: [...named, account, value], play }
    }
    case 'openList': {
      const name = list === 'Operators' ? 'openAdmission' : act
      return { target, name, args: named, play: (s, m) => access.openList(s, rules, m, list) }
    }
    case 'liftRestriction':
      return { target: 'market', name: act, args: [PLAIN], play: (s) => access.liftRestriction(s) }
    case 'deploy': {
      const variant = n % 7
      const args = [world.variant(variant), '']
      const play: Call['play'] = (s, m) => access.deployProgram(s, m, `variant ${variant}`, variant !== 0)
      return { target: 'market', name: 'deployProgram', args, play }
    }
    default:
      return undefined
  }
}

function guardAct({ world, rules, step: { act, n } }: Scene): Call | undefined {
  const of = n % 2 === 0 ? PLAIN : CHECKED
  const call = { target: 'market', name: act } as const
  switch (act) {
    case 'setGuardian': {
      const account = n % 5 === 0 ? undefined : choose(world.addresses, n >> 2)!
      const play: Call['play'] = (s, m) => access.setGuardian(s, rules, m, account)
      return { ...call, args: [account ?? ZeroAddress], play }
    }
    case 'acceptGuardian':
      return { ...call, args: [], play: (s, m) => access.acceptGuardian(s, m) }
    case 'pause': {
      const duration = n % 37 === 0 ? 3 * DAY + 1 : n % 41 === 0 ? 3 * DAY : [10, 40, 100, 0][(n >> 1) % 4]!
      const play: Call['play'] = (s, m) => access.pause(s, m, of, duration)
      return { ...call, name: 'pauseSubmissions', args: [of, duration], play }
    }
    case 'liftPause':
      return { ...call, args: [of], play: (s, m) => access.liftPause(s, m, of) }
    default:
      return undefined
  }
}
