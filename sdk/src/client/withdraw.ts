import { contractError } from '../chain/contractErrorOf.js'
import { toAddress, type Hex } from '../chain/hex.js'
import { needed, type Client } from './Client.js'
import { getBalance } from './getBalance.js'
import { send, type SendOptions } from './send.js'
import { call } from './call.js'

/** Parameters of {@link withdraw}. */
export interface WithdrawParams extends SendOptions {
  /** Token units. */
  readonly amount: bigint
  /** Receiver; the signer by default. */
  readonly to?: Hex
}

/**
 * Pays out part of the signer's balance in the market.
 * @throws GevulotError CONTRACT_INSUFFICIENT_BALANCE, `CHAIN_*`
 */
export function withdraw(client: Client, params: WithdrawParams): Promise<void> {
  return call(client, params, async (client) => {
    const doing = 'withdrawing'
    const to = params.to === undefined ? needed(client, 'account', doing) : toAddress(params.to)
    const { market } = await getBalance(client)
    if (market < params.amount) {
      throw contractError('InsufficientBalance', doing, { have: market, want: params.amount })
    }
    await send(client, doing, () => client.contracts.market.withdraw.populateTransaction(to, params.amount), params)
  })
}
