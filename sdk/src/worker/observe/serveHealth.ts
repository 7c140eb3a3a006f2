import type { Clock } from '../../clock.js'
import type { Closers } from '../Closers.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import { HealthServer, type HealthFigures } from './HealthServer.js'
import { openPort } from './openPort.js'

/**
 * Serves the health and the figures of a daemon, if a port is configured for them; later, if it cannot be opened yet.
 * @throws GevulotError WORKER_CONFIG_INVALID when it can never listen there.
 */
export async function serveHealth(
  {
    observeHost: host,
    observePort: port,
    readySeconds,
  }: Pick<WorkerConfig, 'observeHost' | 'observePort' | 'readySeconds'>,
  metrics: HealthFigures,
  daemon: { readonly clock: Clock; readonly log: Logger; readonly closers: Closers },
): Promise<void> {
  if (port === 0) return
  await openPort(async () => {
    const server = new HealthServer({ host, port, metrics, readySeconds, log: daemon.log })
    await server.listen()
    return server
  }, daemon)
}
