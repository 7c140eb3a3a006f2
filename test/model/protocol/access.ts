/** Who may begin something: lists that open once, and a guardian's pause. Written from design §6, ADR 13 and the market's words. */
import type { Account, List, Moment, Rules, State } from './state.js'
import { refuse } from './state.js'

const DAY = 86_400
const MOST_PAUSE = 3 * DAY
const PAUSE_GAP = 7 * DAY

const REFUSED = { Requesters: 'NotAdmitted', Deployers: 'NotAdmitted', Operators: 'OperatorNotAdmitted' } as const
const OPEN = { Requesters: 'ListIsOpen', Deployers: 'ListIsOpen', Operators: 'AdmissionIsOpen' } as const

/** Ends the act of an account that a list keeps out. */
export function checkList(state: State, list: List, account: Account): void {
  const { isOpen, admitted } = state.lists[list]
  refuse(!isOpen && !admitted.has(account), REFUSED[list])
}

/** Ends the act of anybody but the owner; no signature carries an act of the owner. */
export function checkOwner(rules: Rules, { caller, relayed }: Moment): void {
  refuse(relayed, 'OwnerActsDirectly')
  refuse(caller !== rules.owner, 'OwnableUnauthorizedAccount')
}

/** Puts an account on a list, or takes it off. */
export function admit(state: State, rules: Rules, moment: Moment, list: List, account: Account, value: boolean): void {
  checkOwner(rules, moment)
  refuse(state.lists[list].isOpen, OPEN[list])
  if (value) state.lists[list].admitted.add(account)
  else state.lists[list].admitted.delete(account)
}

/** Opens a list for ever. */
export function openList(state: State, rules: Rules, moment: Moment, list: List): void {
  checkOwner(rules, moment)
  refuse(state.lists[list].isOpen, OPEN[list])
  state.lists[list].isOpen = true
}

/** Takes the mark of the list of requesters off a class, which changes nothing once the list is open. */
export function liftRestriction(state: State): void {
  refuse(!state.lists.Requesters.isOpen, 'ListIsClosed')
}

/** Deploys a program. One that is deployed already asks for no admission. */
export function deployProgram(state: State, { caller }: Moment, program: string, isWhole: boolean): void {
  refuse(!isWhole, 'InvalidProgram')
  if (state.deployed.has(program)) return
  checkList(state, 'Deployers', caller)
  state.deployed.add(program)
}

/** Offers an account to become the guardian; undefined: there is none any more. */
export function setGuardian(state: State, rules: Rules, moment: Moment, account: Account | undefined): void {
  checkOwner(rules, moment)
  state.guard.offered = account
  if (account === undefined) state.guard.guardian = undefined
}

/** Accepts to be the guardian. */
export function acceptGuardian({ guard }: State, { caller }: Moment): void {
  refuse(caller !== guard.offered, 'NotPendingGuardian')
  Object.assign(guard, { guardian: caller, offered: undefined })
}

/** Pauses submissions to a class. */
export function pause({ guard }: State, { caller, now }: Moment, of: number, duration: number): void {
  refuse(caller !== guard.guardian, 'NotGuardian')
  refuse(duration < 1 || duration > MOST_PAUSE, 'InvalidRules')
  const last = guard.pausedUntil.get(of)
  refuse(last !== undefined && now <= last + PAUSE_GAP, 'PausedTooRecently')
  guard.pausedUntil.set(of, now + duration)
  guard.paused.add(of)
}

/** Lifts a pause: the guardian at any time, anyone when it is over. */
export function liftPause({ guard }: State, { caller, now }: Moment, of: number): void {
  refuse(!guard.paused.has(of), 'NotPaused')
  if (now <= guard.pausedUntil.get(of)!) {
    refuse(caller !== guard.guardian, 'NotGuardian')
    guard.pausedUntil.set(of, now - 1)
  }
  guard.paused.delete(of)
}

/** Ends the submission of a requester that the list keeps out, or to a class that is paused. */
export function checkSubmission(state: State, now: number, of: number, requester: Account): void {
  const until = state.guard.pausedUntil.get(of)
  refuse(until !== undefined && now <= until, 'SubmissionsPaused')
  checkList(state, 'Requesters', requester)
}
