import { asChainError } from '../chain/asChainError.js'
import { toAddress, type Hex } from '../chain/hex.js'
import type { Client } from './Client.js'
import { send, type SendOptions } from './send.js'
import { call, type CallOptions } from './call.js'

/** Parameters of {@link nameSubmitter}. */
export interface NameSubmitterParams extends SendOptions {
  /** Account of the key. */
  readonly key: Hex
  /** Last second in which it can act, Unix time; at most 366 days ahead. */
  readonly until: number
}

/**
 * Names a key that can act for the seats of the signer's account, and can move neither money nor seats; again, to change the time.
 * @throws GevulotError CONTRACT_INVALID_TERM, `CHAIN_*`
 */
export function nameSubmitter(client: Client, params: NameSubmitterParams): Promise<void> {
  return call(client, params, async (client) => {
    const { key, until } = params
    const build = () => client.contracts.relay.nameSubmitter.populateTransaction(toAddress(key), until)
    await send(client, 'naming a submitter key', build, params)
  })
}

/**
 * Takes a submitter key back at once.
 * @throws GevulotError `CHAIN_*`
 */
export function revokeSubmitter(client: Client, params: SendOptions & { readonly key: Hex }): Promise<void> {
  return call(client, params, async (client) => {
    const build = () => client.contracts.relay.revokeSubmitter.populateTransaction(toAddress(params.key))
    await send(client, 'taking a submitter key back', build, params)
  })
}

/**
 * Until when a key can act for an operator, Unix time; 0: it cannot.
 * @throws GevulotError CHAIN_RPC_UNAVAILABLE
 */
export function submitterUntil(
  client: Client,
  params: CallOptions & { readonly operator: Hex; readonly key: Hex },
): Promise<number> {
  return call(client, params, async (client) => {
    const { operator, key } = params
    try {
      return Number(await client.contracts.relay.submitterUntil(toAddress(operator), toAddress(key)))
    } catch (error) {
      throw asChainError(error, `reading the term of ${key}`)
    }
  })
}
