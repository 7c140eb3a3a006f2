import type { ContractTransaction, TransactionReceipt } from 'ethers'
import { asChainError } from '../chain/asChainError.js'
import { contractError } from '../chain/contractErrorOf.js'
import type { Address } from '../chain/hex.js'
import { chainError } from '../errors/codes/chain.js'
import { GevulotError } from '../errors/GevulotError.js'
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
 * @throws GevulotError CONTRACT_ERC20_INSUFFICIENT_BALANCE; as `send`. CHAIN_FEE_ABOVE_CAP may come behind the approval: `details.approved` says so.
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
    if (allowance >= amount) return send(client, doing, build, options, keep)
    await send(client, approving, () => token.approve.populateTransaction(to, amount), options, keep)
    try {
      return await send(client, doing, build, options, keep)
    } catch (error) {
      if (!GevulotError.is(error, 'CHAIN_FEE_ABOVE_CAP')) throw error
      // Whoever was told that nothing is sent above the cap has paid for the approval, and pays for no other.
      const message = `${error.message}; the approval was sent before and stands: what is called again goes on behind it`
      throw chainError('CHAIN_FEE_ABOVE_CAP', message, {
        details: { ...error.details, approved: amount },
        cause: error,
      })
    }
  })
}
