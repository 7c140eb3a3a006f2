import { parseEther } from 'ethers'
import type { ConfigField, ConfigOf } from '../../worker/config/ConfigField.js'
import { endpointMistakes } from '../../worker/config/endpointMistakes.js'
import { helpOf } from '../../worker/config/helpText.js'
import { loadTable } from '../../worker/config/loadConfig.js'
import {
  choice,
  contentPlace,
  flag,
  integer,
  list,
  optional,
  path,
  secret,
  text,
  url,
  type Parser,
} from '../../worker/config/parsers.js'
import { Secret } from '../../worker/config/Secret.js'
import { WORKER_FIELDS } from '../../worker/config/WorkerConfig.js'
import { keyMistakes } from '../../worker/key/openSigner.js'
import type { Lane } from '../adapter/Lane.js'
import { lane } from './laneParser.js'

const USAGE = `Usage: gevulot aztec serve [config.json]

Serves the jobs of Aztec's prover broker by workloads of our network, see docs/aztec.md.
Fields of the JSON file, each overruled by its environment variable:
`

/** A list of lanes, or JSON text of one. */
const lanes: Parser<readonly Lane[]> = (value) => {
  const parsed: unknown = typeof value === 'string' ? jsonOf(value) : value
  const read = list(lane)(parsed)
  if (read.length === 0) throw new Error('must hold a lane')
  return read
}

/** An amount of tokens: `12.5`. */
const tokens: Parser<bigint> = (value) => {
  if (typeof value === 'string' && /^\d{1,20}(\.\d{1,18})?$/.test(value)) return parseEther(value)
  throw new Error('must be an amount of tokens in quotes, for example "12.5"')
}

const store: Parser<string> = (value) => {
  const uri = text(value)
  if (/^file:\/\/\//.test(uri) || (/^s3:\/\/./.test(uri) && URL.canParse(uri))) return uri
  throw new Error('must be file:///directory or s3://bucket/path')
}

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

/** The key goes with every request, so it is sealed on its way, or does not leave the machine. */
const apiUrl: Parser<string> = (value) => {
  const address = url(value)
  const { protocol, hostname } = new URL(address)
  if (protocol === 'https:' || LOOPBACK.includes(hostname)) return address
  throw new Error('must be an https URL, or one of this machine: the API key goes with every request')
}

function jsonOf(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    throw new Error('must be JSON')
  }
}

function field<T>(env: string, parse: Parser<T>, description: string, fallback?: T): ConfigField<T> {
  return { env: `GEVULOT_AZTEC_${env}`, parse, description, ...(fallback !== undefined && { fallback }) }
}

const { keyPasswordFile, signerUrl, signerAccount, signerTimeoutMs } = WORKER_FIELDS
const { accel, cacheMiB, nanosKernel, nanosKernelSha256 } = WORKER_FIELDS
const { observePort, observeHost, readySeconds, logFile, logLevel } = WORKER_FIELDS

/** Every field of the adapter's configuration, in the order of the help text. What it shares with the worker means the same. */
export const AZTEC_FIELDS = {
  brokerUrl: {
    ...field('BROKER_URL', secret(url), "Where Aztec's prover broker listens; may hold a key, so it is never shown."),
    secret: true,
  },
  lanes: field(
    'LANES',
    lanes,
    'Which program proves which types of job, and how many of them make a workload: a JSON list.',
  ),
  proofStore: field(
    'PROOF_STORE',
    optional(store),
    "The same as the prover node's PROVER_PROOF_STORE: file:///directory or s3://bucket/path[?endpoint=url]; empty: all is inline.",
    '',
  ),
  s3Region: field(
    'S3_REGION',
    optional(text),
    'Region of an S3 store; empty: us-east-1, or auto with an endpoint.',
    '',
  ),
  s3AccessKeyId: field('S3_ACCESS_KEY_ID', optional(text), 'Key id for an S3 store.', ''),
  s3SecretFile: field('S3_SECRET_FILE', optional(path), 'File with the secret key for an S3 store, mode 600.', ''),

  apiUrl: field(
    'API_URL',
    optional(apiUrl),
    'Address of an API server in proxy mode, which submits and pays. Then neither account nor chain is needed; without it both are.',
    '',
  ),
  apiKeyFile: field('API_KEY_FILE', optional(path), 'File with the API key for it, mode 600.', ''),

  rpcUrl: {
    ...WORKER_FIELDS.rpcUrl,
    parse: secret(optional(url)),
    fallback: new Secret(''),
  },
  rpcFallbacks: WORKER_FIELDS.rpcFallbacks,
  deployment: { ...WORKER_FIELDS.deployment, parse: optional(path), fallback: '' },
  keyFile: {
    ...WORKER_FIELDS.keyFile,
    description:
      "The requester's private key: an encrypted keystore, or 64 hexadecimal digits; mode 600. Needed unless signerUrl or apiUrl is there.",
  },
  keyPasswordFile,
  signerUrl,
  signerAccount,
  signerTimeoutMs,
  dataDirectory: field(
    'DATA_DIRECTORY',
    path,
    'Map from jobs to workloads, and results; belongs to this adapter alone.',
  ),
  contentDirectory: field(
    'CONTENT_DIRECTORY',
    optional(path),
    'Where inputs are published; provers must be able to fetch from it. With apiUrl the server publishes them, and a copy here, if wanted, spares fetching them back.',
    '',
  ),
  contentUrls: field(
    'CONTENT_URLS',
    list(contentPlace),
    'Stores where provers leave proofs and programs, asked after the directory: https://…, s3://bucket/path, kubo+http://host:5001/, ipfs://<CID>.',
    [],
  ),
  ipfsGateways: {
    ...WORKER_FIELDS.ipfsGateways,
    description: 'Base URLs of the gateways that ipfs:// is read through.',
  },
  inbox: field(
    'INBOX',
    optional(path),
    'Directory in which provers leave sealed results; empty: results are waited for until they are revealed.',
    '',
  ),

  trust: field(
    'TRUST',
    choice('program', 'form', 'committee'),
    "program: a sealed result counts once the program's own verifier, run here, takes it. form: once its form is right; only for simulated proofs. committee: only what the network has judged counts.",
    'program',
  ),
  simulated: field(
    'SIMULATED',
    flag,
    'Whether results that prove nothing are taken, simulated ones and those of development parameters: for a rollup with a mock verifier only.',
    false,
  ),
  runtime: {
    ...WORKER_FIELDS.runtime,
    description: 'What the verifier program runs in, as for a worker.',
  },
  accel,
  nanosKernel,
  nanosKernelSha256,
  cacheMiB,

  slots: field('SLOTS', integer(1, 10_000), 'Jobs in flight at the same time.', 256),
  attempts: field(
    'ATTEMPTS',
    integer(1, 20),
    'Workloads without a result after which a job is reported as failed, to be retried.',
    2,
  ),
  windowSeconds: field(
    'WINDOW_SECONDS',
    integer(60, 604_800),
    'Seconds from the first job of an epoch until its results are of no use: how long the rollup takes its proof.',
    1_800,
  ),
  budgetPerEpoch: field('BUDGET_PER_EPOCH', tokens, 'Tokens that fees for one epoch may cost.'),
  budgetPerDay: field('BUDGET_PER_DAY', tokens, 'Tokens that fees may cost within 24 hours.'),
  deposit: field(
    'DEPOSIT',
    flag,
    "Whether to pay what the balance in the market lacks from the account's tokens.",
    true,
  ),
  pollMs: field('POLL_MS', integer(50, 60_000), 'Milliseconds between two looks at broker and chain.', 1_000),
  heartbeatMs: field(
    'HEARTBEAT_MS',
    integer(100, 20_000),
    "Milliseconds between heartbeats; the broker's time-out is 30 s.",
    5_000,
  ),
  keepDays: field('KEEP_DAYS', integer(1, 365), 'Days for which ended jobs and their results are kept.', 2),

  observePort,
  observeHost,
  readySeconds: {
    ...readySeconds,
    description: 'Seconds without an answer of the broker after which /ready says no.',
  },
  logFile,
  logLevel,
} as const satisfies Readonly<Record<string, ConfigField<never> | ConfigField<unknown>>>

/** The adapter's configuration. */
export type AztecConfig = ConfigOf<typeof AZTEC_FIELDS>

/**
 * Reads the adapter's configuration: a JSON file, overruled by the environment, filled up with defaults.
 * @throws GevulotError WORKER_CONFIG_INVALID
 */
export async function loadAztecConfig(
  path: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AztecConfig> {
  return loadTable(AZTEC_FIELDS, path, environment, aztecMistakes)
}

/** What only an account of one's own needs. */
const OF_ACCOUNTS = ['deployment', 'keyFile', 'signerAccount', 'inbox'] as const

/** What is wrong with fields beside each other: who pays is said in one way. */
function aztecMistakes(config: Partial<AztecConfig>): readonly string[] {
  const { apiUrl: proxy, apiKeyFile, rpcUrl } = config
  if (proxy === undefined || rpcUrl === undefined) return []
  const named = (name: keyof AztecConfig): string => `${name} (${AZTEC_FIELDS[name].env})`
  if (proxy === '') {
    const missing = (['deployment', 'contentDirectory'] as const).filter((name) => config[name] === '')
    return [
      ...(rpcUrl.reveal() === '' ? [`${named('rpcUrl')} is missing; or name a proxy by apiUrl and apiKeyFile`] : []),
      ...missing.map((name) => `${named(name)} is missing`),
      ...(apiKeyFile === '' ? [] : [`${named('apiUrl')} is missing, and apiKeyFile is there`]),
      ...keyMistakes(config),
      ...endpointMistakes(config),
    ]
  }
  const extra = [...OF_ACCOUNTS.filter((name) => (config[name] ?? '') !== ''), ...(rpcUrl.reveal() === '' ? [] : ['rpcUrl' as const]), ...(config.rpcFallbacks?.length ? ['rpcFallbacks' as const] : [])] // prettier-ignore
  return [
    ...(apiKeyFile === '' ? [`${named('apiKeyFile')} is missing, and apiUrl is there`] : []),
    ...extra.map((name) => `${named(name)} is of an account of your own, and apiUrl is there: the server has both`),
  ]
}

/** The page of help of the fields. */
export function aztecHelp(): string {
  return helpOf(AZTEC_FIELDS, USAGE)
}
