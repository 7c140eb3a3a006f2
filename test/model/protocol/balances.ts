/** Balances in the market, written from design §4: deposit, credit, withdraw, burn. */
import { payToWallet } from './registry.js'
import type { Account, Balance, Moment, State } from './state.js'
import { refuse } from './state.js'

/** The balance of an account in the market. */
export function balanceOf(state: State, account: Account): Balance {
  let balance = state.balances.get(account)
  if (balance === undefined) {
    balance = { free: 0n, nonce: 0, toBurn: 0n }
    state.balances.set(account, balance)
  }
  return balance
}

/** Adds to a balance. */
export function credit(state: State, account: Account, amount: bigint): void {
  balanceOf(state, account).free += amount
}

/** Says what the market may take of the caller's wallet. */
export function approve(state: State, { caller }: Moment, amount: bigint | undefined): void {
  if (amount === undefined) state.allowances.delete(caller)
  else state.allowances.set(caller, amount)
}

/** A signed permit, as far as the model cares. */
export interface Permit {
  readonly amount: bigint
  /** Last second in which it counts. */
  readonly deadline: number
  readonly nonce: number
  /** Whether the account itself signed what is passed. */
  readonly isSigned: boolean
}

/** Pays tokens in with a permit. One that does not count changes nothing: then what was allowed before decides. */
export function depositWithPermit(state: State, moment: Moment, permit: Permit): void {
  const { caller, now } = moment
  const used = state.permits.get(caller) ?? 0
  if (permit.isSigned && permit.nonce === used && now <= permit.deadline) {
    state.permits.set(caller, used + 1)
    state.allowances.set(caller, permit.amount)
  }
  deposit(state, moment, permit.amount)
}

/** Pays tokens in. */
export function deposit(state: State, { caller }: Moment, amount: bigint): void {
  const allowed = state.allowances.get(caller)
  if (allowed !== undefined) {
    refuse(allowed < amount, 'ERC20InsufficientAllowance')
    state.allowances.set(caller, allowed - amount)
  }
  refuse((state.wallets.get(caller) ?? 0n) < amount, 'ERC20InsufficientBalance')
  payToWallet(state, caller, -amount)
  credit(state, caller, amount)
}

/** Pays tokens out. */
export function withdraw(state: State, { caller }: Moment, amount: bigint): void {
  refuse(balanceOf(state, caller).free < amount, 'InsufficientBalance')
  credit(state, caller, -amount)
  payToWallet(state, caller, amount)
}

/** Burns what is booked with every account. */
export function burnFees(state: State): void {
  for (const balance of state.balances.values()) {
    state.supply -= balance.toBurn
    balance.toBurn = 0n
  }
}
