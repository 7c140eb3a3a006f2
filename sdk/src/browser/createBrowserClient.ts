import { browserActions } from '../client/browserActions.js'
import type { Client } from '../client/Client.js'
import { makeClient, type Bound, type ClientOptions } from '../client/makeClient.js'

/** A client with every action that needs no file and no sandbox. */
export type BrowserClient = Client & Bound<typeof browserActions>

/**
 * A client for a page: as `createClient`, without running verifier programs.
 * @example
 * const signer = await connectWallet({ wallet: window.ethereum, chainId: deployment.chainId })
 * const client = await createBrowserClient({ deployment, signer, store: new MemoryStore() })
 * const { workload } = await client.submit({ program, inputs, fee, maxRunTime: 600 })
 * @throws GevulotError CHAIN_WRONG, CHAIN_CONTRACT_MISSING, CHAIN_NOT_SYNCED, CHAIN_CONTRACT_DIFFERENT, CHAIN_RPC_UNAVAILABLE,
 * CHAIN_SIGNER_MISSING, CLIENT_OPTION_MISSING
 */
export async function createBrowserClient(options: ClientOptions): Promise<BrowserClient> {
  return makeClient(options, browserActions)
}
