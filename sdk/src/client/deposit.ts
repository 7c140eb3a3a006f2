import { toAddress, type Hex } from '../chain/hex.js'
import { needed, type Client } from './Client.js'
import { pay } from './pay.js'
import type { SendOptions } from './send.js'
import { call } from './call.js'

/** Parameters of {@link deposit}. */
export interface DepositParams extends SendOptions {
  /** Token units. */
  readonly amount: bigint
  /** Whose balance grows; the signer's by default. */
  readonly account?: Hex
}

/**
 * Pays tokens of the signer into a balance in the market, and approves them first when needed.
 * @example
 * await client.deposit({ amount: parseUnits('10', 18) })
 * @throws GevulotError CONTRACT_ERC20_INSUFFICIENT_BALANCE, `CHAIN_*`
 */
export function deposit(client: Client, params: DepositParams): Promise<void> {
  return call(client, params, async (client) => {
    const doing = 'depositing'
    const { market, addresses } = client.contracts
    const { amount } = params
    const account = params.account === undefined ? needed(client, 'account', doing) : toAddress(params.account)
    const build = () => market.deposit.populateTransaction(account, amount)
    await pay(client, { to: addresses.market, amount, doing, approving: 'approving a deposit', build }, params)
  })
}
