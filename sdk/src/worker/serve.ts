import { systemClock } from '../clock.js'
import { loadConfig } from './config/loadConfig.js'
import { readKeyFile } from './config/readKeyFile.js'
import { jsonLogger } from './log/Logger.js'
import { logWriter } from './log/logWriter.js'
import { redactor } from './log/redactor.js'
import { Worker, type WorkerDependencies } from './Worker.js'

/**
 * Runs the worker until `stop` aborts or an error ends it.
 * @param configPath Its JSON file; without it the environment alone.
 * @returns The error that ended it, which is in its log; undefined when it stopped as asked.
 * @throws GevulotError WORKER_CONFIG_INVALID, WORKER_KEY_UNSAFE when it could not begin: then there is no log yet.
 */
export async function serve(
  configPath: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  stop: AbortSignal,
  options: Pick<WorkerDependencies, 'onStarted'> = {},
): Promise<{ readonly error: unknown } | undefined> {
  const config = await loadConfig(configPath, environment)
  const key = await readKeyFile(config.keyFile)
  const writer = logWriter(config.logFile)
  const log = jsonLogger({
    level: config.logLevel,
    write: writer.write,
    now: () => systemClock.now(),
    redact: redactor([key], [config.rpcUrl]),
  })
  try {
    await new Worker(config, { clock: systemClock, log, ...options }).run(stop)
    return undefined
  } catch (error) {
    log.error('worker ended with an error', { stage: 'stop', error })
    return { error }
  } finally {
    writer.close()
  }
}
