import { serveAccount } from '../worker/serve.js'
import { loadValidatorConfig } from './config/ValidatorConfig.js'
import { Validator } from './Validator.js'

/**
 * Runs the validator until `stop` aborts or an error ends it.
 * @param configPath Its JSON file; without it the environment alone.
 * @returns The error that ended it, which is in its log; undefined when it stopped as asked.
 * @throws GevulotError WORKER_CONFIG_INVALID, WORKER_KEY_UNSAFE when it could not begin: then there is no log yet.
 */
export async function serveValidator(
  configPath: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  stop: AbortSignal,
): Promise<{ readonly error: unknown } | undefined> {
  const config = await loadValidatorConfig(configPath, environment)
  return serveAccount('validator', config, (parts) => new Validator(config, parts).run(stop))
}
