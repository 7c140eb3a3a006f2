/** Calls for others: submitter keys and signed actions. Written from ADR 7 and the relay's words. */
import type { Account, Moment, State } from './state.js'
import { refuse, Refused } from './state.js'

const MAX_TERM = 366 * 86_400

/** What a submitter key may do: acts of a seat and of a keeper, which move no money and no seat. */
const ACTS_OF_KEYS: Readonly<Record<string, readonly string[]>> = {
  market: [
    ...['accept', 'decline', 'fail', 'commit', 'commitOpen', 'reveal', 'revealToCommittee', 'submitProof'],
    ...['assign', 'assignMany', 'settle', 'clear', 'slash'],
  ],
  qualification: ['open', 'start', 'answer', 'excuse', 'evict'],
}

/** Names a key that can act for the caller until a time. */
export function nameSubmitter(state: State, { caller, now }: Moment, key: Account, until: number): void {
  refuse(until <= now || until > now + MAX_TERM, 'InvalidTerm')
  const named = state.keys.get(caller) ?? new Map<Account, number>()
  state.keys.set(caller, named.set(key, until))
}

/** Takes a key back. */
export function revokeSubmitter(state: State, { caller }: Moment, key: Account): void {
  state.keys.get(caller)?.delete(key)
}

/** Ends the act unless `caller` is a key of `operator` now. */
export function checkKey(state: State, { caller, now }: Moment, operator: Account): void {
  const until = state.keys.get(operator)?.get(caller)
  if (until === undefined || now > until) throw new Refused('NotSubmitter')
}

/** Ends the act unless a key may do it. */
export function checkAct(target: string, name: string): void {
  refuse(ACTS_OF_KEYS[target]?.includes(name) !== true, 'NotAnAct')
}

/** What of a signed action the relay looks at. */
export interface Action {
  readonly from: Account
  /** Whether it is for a contract that the relay calls. */
  readonly isKnownTarget: boolean
  readonly nonce: number
  readonly deadline: number
  readonly isSigned: boolean
  /** Whether there can be gas enough for it. */
  readonly hasGas: boolean
}

/** Spends the nonce of a signed action, or ends it. */
export function useAction(state: State, now: number, action: Action): void {
  refuse(!action.isKnownTarget, 'UnknownTarget')
  refuse(now > action.deadline, 'ActionExpired')
  refuse(!action.isSigned, 'InvalidSignature')
  spend(state, action.from, action.nonce)
  refuse(!action.hasGas, 'ActionNeedsGas')
}

/** Makes a nonce of the caller useless. */
export function cancelNonce(state: State, { caller }: Moment, nonce: number): void {
  spend(state, caller, nonce)
}

function spend(state: State, account: Account, nonce: number): void {
  const used = state.nonces.get(account) ?? new Set<number>()
  refuse(used.has(nonce), 'NonceUsed')
  state.nonces.set(account, used.add(nonce))
}
