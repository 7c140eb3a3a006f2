import { systemClock, type Clock } from '../clock.js'
import { loadConfig } from './config/loadConfig.js'
import { readKeyFile } from './config/readKeyFile.js'
import type { WorkerConfig } from './config/WorkerConfig.js'
import { jsonLogger, type Logger } from './log/Logger.js'
import type { Secret } from './config/Secret.js'
import { logWriter } from './log/logWriter.js'
import { redactor } from './log/redactor.js'
import { Worker, type WorkerDependencies } from './Worker.js'

/**
 * Runs the worker until `stop` aborts or an error ends it.
 * @param configPath Its JSON file; without it the environment alone.
 * @returns The error that ended it, which is in its log; undefined when it stopped as asked.
 * @throws GevulotError WORKER_CONFIG_INVALID, WORKER_KEY_UNSAFE, WORKER_KEY_LOCKED when it could not begin: then there is no log yet.
 */
export async function serve(
  configPath: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  stop: AbortSignal,
  options: Pick<WorkerDependencies, 'onStarted'> = {},
): Promise<{ readonly error: unknown } | undefined> {
  const config = await loadConfig(configPath, environment)
  return serveDaemon('worker', config, (parts) => new Worker(config, { ...parts, ...options }).run(stop))
}

/** What a daemon runs with. */
export interface DaemonParts {
  readonly clock: Clock
  readonly log: Logger
  /** The operator's private key. */
  readonly key: Secret
}

/**
 * Runs a daemon with the log of its configuration.
 * @param name For its last line.
 * @returns The error that ended it, which is in its log.
 * @throws GevulotError WORKER_KEY_UNSAFE, WORKER_KEY_LOCKED
 */
export async function serveDaemon(
  name: string,
  config: Pick<WorkerConfig, 'keyFile' | 'keyPasswordFile' | 'rpcUrl' | 'logFile' | 'logLevel'> &
    Partial<Pick<WorkerConfig, 'databaseUrl'>>,
  run: (parts: DaemonParts) => Promise<void>,
): Promise<{ readonly error: unknown } | undefined> {
  const key = await readKeyFile(config.keyFile, config.keyPasswordFile)
  const writer = logWriter(config.logFile)
  const log = jsonLogger({
    level: config.logLevel,
    write: writer.write,
    now: () => systemClock.now(),
    redact: redactor([key], [config.rpcUrl, ...(config.databaseUrl ? [config.databaseUrl] : [])]),
  })
  try {
    await run({ clock: systemClock, log, key })
    return undefined
  } catch (error) {
    log.error(`${name} ended with an error`, { stage: 'stop', error })
    return { error }
  } finally {
    writer.close()
  }
}
