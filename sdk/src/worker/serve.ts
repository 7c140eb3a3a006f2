import { systemClock, type Clock } from '../clock.js'
import { loadConfig, loadRoles } from './config/loadConfig.js'
import { loadRunnerConfig } from './config/RunnerConfig.js'
import { readKeyFile } from './config/readKeyFile.js'
import type { WorkerConfig } from './config/WorkerConfig.js'
import { runRunner } from './fleet/runRunner.js'
import { jsonLogger, type Logger } from './log/Logger.js'
import type { Secret } from './config/Secret.js'
import { logWriter } from './log/logWriter.js'
import { redactor } from './log/redactor.js'
import type { AccountSigner } from './key/AccountSigner.js'
import { isKeyElsewhere, openSigner, type KeyConfig } from './key/openSigner.js'
import { Worker, type WorkerDependencies } from './Worker.js'

/**
 * Runs the worker, or a runner of a fleet, until `stop` aborts or an error ends it.
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
  const roles = await loadRoles(configPath, environment)
  if (!roles.includes('coordinator') && roles.length > 0) {
    const runner = await loadRunnerConfig(configPath, environment)
    const none = { keys: [], urls: [] }
    return serveLogged('runner', runner, none, (parts) => runRunner(runner, parts, stop))
  }
  const config = await loadConfig(configPath, environment)
  return serveAccount('worker', config, (parts) => new Worker(config, { ...parts, ...options }).run(stop))
}

/** What a daemon runs with. */
export interface DaemonParts<Key = Secret | AccountSigner> {
  readonly clock: Clock
  readonly log: Logger
  /** The private key of its account, or what signs with it elsewhere. */
  readonly key: Key
}

type LogConfig = Pick<WorkerConfig, 'logFile' | 'logLevel'> &
  Partial<Pick<WorkerConfig, 'rpcUrl' | 'rpcFallbacks' | 'databaseUrl'>>

/**
 * Runs a daemon that signs for an account, with the log of its configuration: its key is in a file, or an external signer holds it.
 * @param name For its last line.
 * @returns The error that ended it, which is in its log.
 * @throws GevulotError WORKER_KEY_UNSAFE, WORKER_KEY_LOCKED
 */
export async function serveAccount(
  name: string,
  config: KeyConfig & LogConfig,
  run: (parts: DaemonParts) => Promise<void>,
): Promise<{ readonly error: unknown } | undefined> {
  const key = isKeyElsewhere(config) ? undefined : await readKeyFile(config.keyFile, config.keyPasswordFile)
  const secrets = { keys: key === undefined ? [] : [key], urls: [config.signerUrl] }
  return serveLogged(name, config, secrets, async (parts) =>
    run({ ...parts, key: key ?? (await openSigner(config, parts.log)) }),
  )
}

/**
 * Runs a daemon with the log of its configuration.
 * @param secrets What its log must not show.
 * @returns The error that ended it, which is in its log.
 */
export async function serveLogged(
  name: string,
  { logFile, logLevel, rpcUrl, rpcFallbacks = [], databaseUrl }: LogConfig,
  secrets: { readonly keys: readonly Secret[]; readonly urls: readonly Secret[] },
  run: (parts: { readonly clock: Clock; readonly log: Logger }) => Promise<void>,
): Promise<{ readonly error: unknown } | undefined> {
  const writer = logWriter(logFile)
  const log = jsonLogger({
    level: logLevel,
    write: writer.write,
    now: () => systemClock.now(),
    redact: redactor(secrets.keys, [
      ...(rpcUrl ? [rpcUrl] : []),
      ...rpcFallbacks,
      ...(databaseUrl ? [databaseUrl] : []),
      ...secrets.urls,
    ]),
  })
  // Whoever reads the log hears of it; what becomes of the process is for the program that this daemon is in.
  const broke = (error: unknown): void => log.error(`${name} broke`, { stage: 'stop', error })
  process.on('uncaughtExceptionMonitor', broke)
  try {
    await run({ clock: systemClock, log })
    return undefined
  } catch (error) {
    log.error(`${name} ended with an error`, { stage: 'stop', error })
    return { error }
  } finally {
    process.off('uncaughtExceptionMonitor', broke)
    writer.close()
  }
}
