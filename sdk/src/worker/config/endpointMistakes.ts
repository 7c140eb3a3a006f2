import type { WorkerConfig } from './WorkerConfig.js'

/** What is wrong with endpoints that are right one by one: the same twice cannot stand in for itself. */
export function endpointMistakes({
  rpcUrl,
  rpcFallbacks,
}: Partial<Pick<WorkerConfig, 'rpcUrl' | 'rpcFallbacks'>>): string[] {
  const urls = [rpcUrl, ...(rpcFallbacks ?? [])].flatMap((url) => (url === undefined ? [] : [url.reveal()]))
  const same = urls.findIndex((url, index) => urls.indexOf(url) < index)
  if (same < 0) return []
  return [
    `rpcFallbacks (GEVULOT_RPC_FALLBACKS) item ${same} is an endpoint that is named before; leave it out, or name one of another provider like https://rpc.example.org/`,
  ]
}
