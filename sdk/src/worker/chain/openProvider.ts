import { ASIDE_REASONS, rpcProvider, type EndpointEvent, type EndpointProvider } from '../../chain/index.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'

/** The part of a configuration that says how to reach the chain. */
export type ProviderConfig = Pick<WorkerConfig, 'rpcUrl' | 'rpcFallbacks' | 'rpcLagBlocks' | 'rpcTimeoutMs' | 'pollMs'>

/** A provider over the configured endpoints, which logs what happens to them. */
export function openProvider(config: ProviderConfig, chainId: number, log: Logger): EndpointProvider {
  const urls = [config.rpcUrl, ...config.rpcFallbacks].map((url) => url.reveal())
  const { rpcTimeoutMs: timeoutMs, rpcLagBlocks: lagBlocks, pollMs } = config
  const provider = rpcProvider(urls, chainId, { timeoutMs, lagBlocks, lookMs: 2 * pollMs })
  provider.onEvent = endpointLog(log)
  return provider
}

/** Writes what happens to endpoints into a log. */
export function endpointLog(log: Logger): (event: EndpointEvent) => void {
  return (event) => {
    const { endpoint } = event
    switch (event.kind) {
      case 'aside': {
        const { why, seconds } = event
        return log.warn('an endpoint is set aside', {
          stage: 'follow',
          endpoint,
          why,
          what: ASIDE_REASONS[why],
          seconds,
        })
      }
      case 'back':
        return log.info('an endpoint is well again', { stage: 'follow', endpoint })
      case 'switch':
        return log.info('requests go to another endpoint', { stage: 'follow', endpoint })
    }
  }
}
