import { actions } from './actions.js'
import type { Client } from './Client.js'
import { makeClient, type Bound, type ClientOptions } from './makeClient.js'

/** A client with the actions of this folder as methods. */
export type GevulotClient = Client & Bound<typeof actions>

/**
 * Connects to a deployment and makes a client for it. Every action is also a function of its own, `action(client, params)`.
 * @example
 * const client = await createClient({ deployment, signer, store: new DirectoryStore('./content') })
 * @throws GevulotError CHAIN_WRONG, CHAIN_CONTRACT_MISSING, CHAIN_NOT_SYNCED, CHAIN_CONTRACT_DIFFERENT, CHAIN_RPC_UNAVAILABLE,
 * CHAIN_SIGNER_MISSING, CLIENT_OPTION_MISSING
 */
export async function createClient(options: ClientOptions): Promise<GevulotClient> {
  return makeClient(options, actions)
}
