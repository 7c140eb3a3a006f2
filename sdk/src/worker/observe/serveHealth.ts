import type { Closers } from '../Closers.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import { HealthServer, type HealthFigures } from './HealthServer.js'

/**
 * Serves the health and the figures of a daemon, if a port is configured for them.
 * @throws GevulotError WORKER_CONFIG_INVALID when it cannot listen there.
 */
export async function serveHealth(
  {
    observeHost: host,
    observePort: port,
    readySeconds,
  }: Pick<WorkerConfig, 'observeHost' | 'observePort' | 'readySeconds'>,
  metrics: HealthFigures,
  log: Logger,
  closers: Closers,
): Promise<void> {
  if (port === 0) return
  const server = new HealthServer({ host, port, metrics, readySeconds, log })
  await server.listen()
  closers.add(() => server.close())
}
