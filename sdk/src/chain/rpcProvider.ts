import type { EndpointPoolOptions } from './rpc/EndpointPool.js'
import { EndpointProvider } from './rpc/EndpointProvider.js'

/** Options of {@link rpcProvider}. */
export type RpcProviderOptions = EndpointPoolOptions

/**
 * A JSON-RPC provider that fails when no endpoint answers, where the plain one retries for ever in silence, and that never answers from a cache.
 * @param urls HTTP(S) endpoint, or several of one chain in order of preference: where one fails, lags or limits, the next is asked.
 * @param chainId The chain they are expected to serve; {@link connect} checks that one does, `assertChain` that several do.
 */
export function rpcProvider(
  urls: string | readonly string[],
  chainId: number,
  options: RpcProviderOptions = {},
): EndpointProvider {
  return new EndpointProvider([urls].flat(), chainId, options)
}
