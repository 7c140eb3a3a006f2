import type { ContractTransaction, TransactionReceipt } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import { contractError } from '../chain/contractErrorOf.js'
import type { Address } from '../chain/hex.js'
import { needed, type Client } from './Client.js'
import { inTurn } from './inTurn.js'
import { send, type SendOptions } from './send.js'

/** A call of a contract that takes tokens of the signer. */
export interface Payment {
  /** The contract. */
  readonly to: Address
  /** Token units. */
  readonly amount: bigint
  /** What the call does, for errors: `depositing`. */
  readonly doing: string
  /** What the approval does, for errors: `approving a deposit`. */
  readonly approving: string
  readonly build: () => Promise<ContractTransaction>
}

/**
 * Approves what a call takes when needed, and sends it. One payment of a client after the other: an approval replaces the one before, and a call
 * uses it up.
 * @throws GevulotError CONTRACT_ERC20_INSUFFICIENT_BALANCE; as `send`
 */
export function pay(client: Client, payment: Payment, options: SendOptions): Promise<TransactionReceipt> {
  const { to, amount, doing, approving, build } = payment
  const { token } = client.contracts
  const payer = needed(client, 'account', doing)
  return inTurn(client.payments, async (keep) => {
    let wallet: bigint
    let allowance: bigint
    try {
      ;[wallet, allowance] = await Promise.all([token.balanceOf(payer), token.allowance(payer, to)])
    } catch (error) {
      throw asChainError(error, doing)
    }
    if (wallet < amount) {
      throw contractError('ERC20InsufficientBalance', doing, { sender: payer, balance: wallet, needed: amount })
    }
    if (allowance < amount) {
      await send(client, approving, () => token.approve.populateTransaction(to, amount), options, keep)
    }
    return send(client, doing, build, options, keep)
  })
}
