import { asChainError } from '../chain/asChainError.js'
import { contractError } from '../chain/contractErrorOf.js'
import { toAddress, type Hex } from '../chain/hex.js'
import { needed, type Client } from './Client.js'
import { send, type SendOptions } from './send.js'
import { call, type CallOptions } from './call.js'

/**
 * What an account has earned by reporting silence and evicting seats, and not paid out yet, token units.
 * @param params `account`: the client's own by default.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE, CLIENT_OPTION_MISSING
 */
export function getBounty(client: Client, params: CallOptions & { readonly account?: Hex } = {}): Promise<bigint> {
  return call(client, params, async (client) => {
    const doing = 'reading bounties'
    const account = params.account === undefined ? needed(client, 'account', doing) : toAddress(params.account)
    try {
      return (await client.contracts.registry.reports(account)).bounty
    } catch (error) {
      throw asChainError(error, doing)
    }
  })
}

/**
 * Pays out what the account has earned by reporting silence and evicting seats; the act's own gas is not part of it.
 * @param params `to` receives it; the signer by default.
 * @returns The amount, token units.
 * @throws GevulotError CONTRACT_NOTHING_DUE, CONTRACT_INVALID_RECIPIENT, `CHAIN_*`
 */
export function withdrawBounty(client: Client, params: SendOptions & { readonly to?: Hex } = {}): Promise<bigint> {
  return call(client, params, async (client) => {
    const doing = 'withdrawing bounties'
    const account = needed(client, 'account', doing)
    const { registry } = client.contracts
    const amount = await getBounty(client, { account })
    if (amount === 0n) throw contractError('NothingDue', doing, {})
    const to = params.to === undefined ? account : toAddress(params.to)
    await send(client, doing, () => registry.withdrawBounty.populateTransaction(to), params)
    return amount
  })
}
