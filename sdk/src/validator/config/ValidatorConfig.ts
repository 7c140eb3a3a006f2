import type { ConfigField, ConfigOf } from '../../worker/config/ConfigField.js'
import { endpointMistakes } from '../../worker/config/endpointMistakes.js'
import { helpOf } from '../../worker/config/helpText.js'
import { loadTable } from '../../worker/config/loadConfig.js'
import { integer, list, optional, path, text, url, type Parser } from '../../worker/config/parsers.js'
import { pickFields } from '../../worker/config/pickFields.js'
import { RUN_FIELDS } from '../../worker/config/runFields.js'
import { standbyMistakes } from '../../worker/config/standbyMistakes.js'
import { WORKER_FIELDS } from '../../worker/config/WorkerConfig.js'
import { keyMistakes } from '../../worker/key/openSigner.js'

const USAGE = `Usage: gevulot-validator [config.json]

Runs a validator: judges the proofs of workloads whose committees its seats are drawn to, and signs its verdicts.
Fields of the JSON file, each overruled by its environment variable:
`

/** `host:port`; port 0: any free one. */
const endpoint: Parser<string> = (value) => {
  const given = text(value)
  const port = Number(/^.+:(\d{1,5})$/.exec(given)?.[1])
  if (!(port <= 65_535)) throw new Error('must be host:port')
  return given
}

function field<T>(env: string, parse: Parser<T>, description: string, fallback: T): ConfigField<T> {
  return { env: `GEVULOT_${env}`, parse, description, fallback }
}

/** Every field of the validator's configuration, in the order of the help text. What it shares with the worker means the same. */
export const VALIDATOR_FIELDS = {
  ...pickFields(WORKER_FIELDS, 'rpcUrl', 'rpcFallbacks', 'rpcLagBlocks', 'deployment', 'keyFile', 'keyPasswordFile'),
  ...pickFields(WORKER_FIELDS, 'signerUrl', 'signerAccount', 'signerTimeoutMs'),
  dataDirectory: {
    env: 'GEVULOT_DATA_DIRECTORY',
    parse: path,
    description: 'Verdict journal, state and the content cache; belongs to this validator alone. Back up verdicts/.',
  },
  ...pickFields(WORKER_FIELDS, 'databaseUrl', 'standby', 'seats'),
  peers: field(
    'PEERS',
    list(url),
    'Base URLs of other validators, whose signed verdicts are posted together with the own in one transaction.',
    [],
  ),
  listen: field(
    'LISTEN',
    optional(endpoint),
    'host:port at which other validators can read the verdicts signed here; empty: nowhere.',
    '',
  ),
  turnSeconds: field(
    'TURN_SECONDS',
    integer(1, 600),
    'How long each member waits for the one whose turn it is before to post; less where the window is short.',
    24,
  ),
  ...RUN_FIELDS,
  maxProofMiB: field(
    'MAX_PROOF_MIB',
    integer(1, 1 << 20),
    'Largest proof to fetch; a larger one counts as not there, and so as invalid.',
    256,
  ),
  ...pickFields(WORKER_FIELDS, 'appealUpTo', 'appealPerDay', 'startBlock', 'pollMs', 'rpcTimeoutMs'),
  ...pickFields(WORKER_FIELDS, 'maxFeeGwei', 'priorityFeeMwei', 'maxGas', 'bumpSeconds', 'maxInFlight', 'relays'),
  ...pickFields(WORKER_FIELDS, 'observePort', 'observeHost', 'readySeconds', 'logFile', 'logLevel'),
} as const satisfies Readonly<Record<string, ConfigField<never> | ConfigField<unknown>>>

/** The validator's configuration. */
export type ValidatorConfig = ConfigOf<typeof VALIDATOR_FIELDS>

/**
 * Reads the validator's configuration: a JSON file, overruled by the environment, filled up with defaults.
 * @throws GevulotError WORKER_CONFIG_INVALID
 */
export async function loadValidatorConfig(
  path: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ValidatorConfig> {
  return loadTable(VALIDATOR_FIELDS, path, environment, (config) => [
    ...keyMistakes(config),
    ...standbyMistakes(config),
    ...endpointMistakes(config),
  ])
}

/** What `gevulot-validator --help` prints. */
export function validatorHelp(): string {
  return helpOf(VALIDATOR_FIELDS, USAGE)
}
