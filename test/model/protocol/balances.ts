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

/** Pays tokens in. */
export function deposit(state: State, { caller }: Moment, amount: bigint): void {
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
