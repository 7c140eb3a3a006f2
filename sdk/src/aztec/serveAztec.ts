import { join } from 'node:path'
import { openEmbedded } from '../database/openEmbedded.js'
import { aztecError } from '../errors/codes/aztec.js'
import { Closers } from '../worker/Closers.js'
import { lockDirectory } from '../worker/lock.js'
import type { Logger } from '../worker/log/Logger.js'
import { serveHealth } from '../worker/observe/serveHealth.js'
import { serveAccount, serveLogged, type DaemonParts } from '../worker/serve.js'
import { AztecAdapter } from './adapter/AztecAdapter.js'
import { BrokerClient } from './broker/BrokerClient.js'
import { loadAztecConfig, type AztecConfig } from './config/AztecConfig.js'
import { openProxyRequester, openWalletRequester, readApiKey } from './config/openRequester.js'
import { s3Of } from './config/s3Of.js'
import { openExchange } from './exchange/openExchange.js'
import type { Requester } from './network/Requester.js'
import { AztecMetrics } from './observe/AztecMetrics.js'
import { migrations } from './store/migrations.js'
import type { AztecSchema } from './store/schema.js'

const DAY_MS = 86_400_000

/**
 * Runs the adapter until `stop` aborts or an error ends it.
 * @param configPath Its JSON file; without it the environment alone.
 * @returns The error that ended it, which is in its log; undefined when it stopped as asked.
 * @throws GevulotError WORKER_CONFIG_INVALID, WORKER_KEY_UNSAFE, WORKER_KEY_LOCKED when it could not begin: then there is no log yet.
 */
export async function serveAztec(
  configPath: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  stop: AbortSignal,
): Promise<{ readonly error: unknown } | undefined> {
  const config = await loadAztecConfig(configPath, environment)
  const start = <Key>(open: (config: AztecConfig, parts: DaemonParts<Key>) => Promise<Requester>) => {
    return (parts: DaemonParts<Key>): Promise<void> => run(config, parts.log, () => open(config, parts), stop)
  }
  if (config.apiUrl === '') return serveAccount('adapter', config, start(openWalletRequester))
  const key = await readApiKey(config.apiKeyFile)
  const serve = start(openProxyRequester)
  return serveLogged('adapter', config, { keys: [key], urls: [] }, (parts) => serve({ ...parts, key }))
}

async function run(
  config: AztecConfig,
  log: Logger,
  openRequester: () => Promise<Requester>,
  stop: AbortSignal,
): Promise<void> {
  const { dataDirectory, observePort: port, observeHost: host, readySeconds, simulated, trust } = config
  const closers = new Closers(log)
  try {
    const lock = await lockDirectory(dataDirectory)
    closers.add(() => lock.release())
    const db = await openEmbedded<AztecSchema>(join(dataDirectory, 'database'), migrations).catch((cause: unknown) => {
      throw aztecError('AZTEC_CONFIG_INVALID', `cannot open the database in ${dataDirectory}`, { cause })
    })
    closers.add(() => db.destroy())
    const requester = await openRequester()
    const { clock } = requester
    const metrics = new AztecMetrics(clock)
    const adapter = new AztecAdapter({
      broker: new BrokerClient({ url: config.brokerUrl.reveal(), clock, onAnswer: () => metrics.onBroker() }),
      exchange: openExchange({ store: config.proofStore, clock, region: config.s3Region, ...(await s3Of(config)) }),
      ...{ requester, db, directory: dataDirectory, metrics, log, trust, simulated, lanes: config.lanes },
      budget: { perEpoch: config.budgetPerEpoch, perDay: config.budgetPerDay },
      ...{ slots: config.slots, attempts: config.attempts, windowSeconds: config.windowSeconds },
      ...{ pollMs: config.pollMs, heartbeatMs: config.heartbeatMs },
      keepMs: config.keepDays * DAY_MS,
    })
    const observed = { observeHost: host, observePort: port, readySeconds }
    await serveHealth(observed, metrics, { clock, log, closers })
    await adapter.run(stop)
  } finally {
    await closers.close()
  }
}
