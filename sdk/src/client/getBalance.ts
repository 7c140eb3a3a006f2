import { asChainError } from '../chain/asChainError.js'
import { toAddress, type Hex } from '../chain/hex.js'
import { needed, type Client } from './Client.js'
import { call, type CallOptions } from './call.js'

/** What an account has. Amounts are token units. */
export interface Balance {
  /** Free balance in the market: what fees are paid from and earnings go to. */
  readonly market: bigint
  /** Tokens in the wallet. */
  readonly wallet: bigint
  /** Nonce of the account's next submission. */
  readonly nonce: number
}

/**
 * Reads balances and the next nonce.
 * @param params `account` is the signer's by default.
 * @example
 * const { market, nonce } = await client.getBalance()
 * @throws GevulotError CHAIN_HEX_INVALID, CHAIN_RPC_UNAVAILABLE, CLIENT_OPTION_MISSING
 */
export function getBalance(client: Client, params: CallOptions & { readonly account?: Hex } = {}): Promise<Balance> {
  return call(client, params, async (client) => {
    const account =
      params.account === undefined ? needed(client, 'account', 'reading a balance') : toAddress(params.account)
    try {
      const [[market, nonce], wallet] = await Promise.all([
        client.contracts.market.accountOf(account),
        client.contracts.token.balanceOf(account),
      ])
      return { market, wallet, nonce: Number(nonce) }
    } catch (error) {
      throw asChainError(error, 'reading a balance')
    }
  })
}
