import type { ConfigOf } from './ConfigField.js'
import { loadTable } from './loadConfig.js'
import { pickFields } from './pickFields.js'
import { RUN_FIELDS } from './runFields.js'
import { WORKER_FIELDS } from './WorkerConfig.js'

const { fallback: _, ...neededDatabase } = WORKER_FIELDS.databaseUrl
const EXAMPLE = 'a runner finds its work there, for example postgres://user:password@host:5432/database'

/** Every field of a runner's configuration: those of a worker, without keys and without the chain. */
export const RUNNER_FIELDS = {
  ...pickFields(WORKER_FIELDS, 'roles'),
  databaseUrl: neededDatabase,
  ...pickFields(WORKER_FIELDS, 'fleet', 'runnerName', 'dataDirectory'),
  ...RUN_FIELDS,
  ...pickFields(WORKER_FIELDS, 'fetchSeconds', 'shutdownSeconds', 'keepBundles', 'bundleMiB'),
  ...pickFields(WORKER_FIELDS, 'observePort', 'observeHost', 'readySeconds', 'logFile', 'logLevel'),
} as const

/** A runner's configuration. */
export type RunnerConfig = ConfigOf<typeof RUNNER_FIELDS>

/**
 * Reads a runner's configuration. Fields that only a coordinator has are refused, the key above all: a runner must not have one.
 * @throws GevulotError WORKER_CONFIG_INVALID
 */
export async function loadRunnerConfig(
  path: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<RunnerConfig> {
  return loadTable(
    RUNNER_FIELDS,
    path,
    environment,
    ({ databaseUrl: url }) => (url?.reveal() === '' ? [`databaseUrl (DATABASE_URL) is empty; ${EXAMPLE}`] : []),
    (name) =>
      name in WORKER_FIELDS
        ? `${name} is for coordinators; a runner has neither key nor chain, so leave it out`
        : `${name} is not a field`,
  )
}
