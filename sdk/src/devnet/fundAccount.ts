import { asChainError } from '../chain/asChainError.js'
import type { Hex } from '../chain/hex.js'
import type { Client } from '../client/Client.js'
import { send, type SendOptions } from '../client/send.js'
import { devnetError } from '../errors/codes/devnet.js'
import { DEVNET_CHAIN_ID, devnetWallet } from './Anvil.js'

/** Parameters of {@link fundAccount}. */
export interface FundAccountParams extends SendOptions {
  readonly account: Hex
  /** Token units. */
  readonly tokens: bigint
  /** Wei. */
  readonly ether: bigint
}

/**
 * Gives an account tokens and ether of the owner of a local network, whose key is public.
 * @throws GevulotError DEVNET_NOT_LOCAL, `CHAIN_*`; the reason of `signal`.
 */
export async function fundAccount(client: Client, params: FundAccountParams): Promise<void> {
  const { contracts } = client
  const { account, tokens, ether } = params
  const { chainId, provider, token } = contracts
  const signer = devnetWallet(0).connect(provider)
  const has = await token.balanceOf(signer.address).catch((error: unknown) => {
    throw asChainError(error, 'reading a balance')
  })
  // The chain id alone proves nothing: anybody may run something of value under it.
  if (chainId !== DEVNET_CHAIN_ID || has < tokens) {
    throw devnetError(
      'DEVNET_NOT_LOCAL',
      `on this network (chain ${chainId}) the public key of local networks does not hold that much`,
    )
  }
  const owner: Client = { ...client, signer, queue: { tail: Promise.resolve() } }
  await send(owner, 'sending tokens', () => token.transfer.populateTransaction(account, tokens), params)
  await send(owner, 'sending ether', () => Promise.resolve({ to: account, value: ether, data: '0x' }), params)
}
