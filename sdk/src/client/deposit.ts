import { asChainError } from '../chain/asChainError.js'
import { contractError } from '../chain/contractErrorOf.js'
import { toAddress, type Hex } from '../chain/hex.js'
import { needed, type Client } from './Client.js'
import { send, type SendOptions } from './send.js'
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
    const { token, market, addresses } = client.contracts
    const payer = needed(client, 'account', doing)
    const { amount } = params
    let wallet: bigint
    let allowance: bigint
    try {
      ;[wallet, allowance] = await Promise.all([token.balanceOf(payer), token.allowance(payer, addresses.market)])
    } catch (error) {
      throw asChainError(error, doing)
    }
    if (wallet < amount) {
      throw contractError('ERC20InsufficientBalance', doing, { sender: payer, balance: wallet, needed: amount })
    }
    if (allowance < amount) {
      await send(
        client,
        'approving a deposit',
        () => token.approve.populateTransaction(addresses.market, amount),
        params,
      )
    }
    const account = params.account === undefined ? payer : toAddress(params.account)
    await send(client, doing, () => market.deposit.populateTransaction(account, amount), params)
  })
}
