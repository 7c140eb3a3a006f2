import { FetchRequest, JsonRpcProvider, Network } from 'ethers'

/** Options of {@link rpcProvider}. */
export interface RpcProviderOptions {
  /** Milliseconds until a request counts as failed; default 20 000. */
  readonly timeoutMs?: number
}

/**
 * A JSON-RPC provider that fails at once when the endpoint is down, where the plain one retries for ever in silence, and
 * that never answers from a cache.
 * @param url HTTP(S) endpoint.
 * @param chainId The chain it is expected to serve; {@link connect} checks that it does.
 */
export function rpcProvider(url: string, chainId: number, options: RpcProviderOptions = {}): JsonRpcProvider {
  const request = new FetchRequest(url)
  request.timeout = options.timeoutMs ?? 20_000
  return new JsonRpcProvider(request, chainId, { staticNetwork: Network.from(chainId), cacheTimeout: -1 })
}
