import { QUICKNET_ENDPOINTS } from '../../beacon/index.js'
import { MOST_REFUSED } from '../store/RunHistory.js'
import type { ConfigField, ConfigOf } from './ConfigField.js'
import {
  address,
  bytes32,
  choice,
  contentPlace,
  endpoints,
  flag,
  fleetName,
  integer,
  list,
  optional,
  path,
  pathOrOutput,
  pciAddress,
  postgresUrl,
  publicUri,
  secret,
  sha256,
  text,
  url,
  writablePlace,
  type Parser,
} from './parsers.js'
import { Secret } from './Secret.js'

const DAY = 86_400

/** What a daemon can be. */
export const ROLES = ['coordinator', 'runner'] as const
/** One of them. */
export type Role = (typeof ROLES)[number]

/** What a keeper can do for everybody. */
export const KEEPER_DUTIES = ['assign', 'settle', 'slash', 'evict'] as const
/** One of them. */
export type KeeperDuty = (typeof KEEPER_DUTIES)[number]

function field<T>(env: string, parse: Parser<T>, description: string, fallback?: T): ConfigField<T> {
  return { env: `GEVULOT_${env}`, parse, description, ...(fallback !== undefined && { fallback }) }
}

function secretField(env: string, parse: Parser<Secret>, description: string): ConfigField<Secret> {
  return { env: `GEVULOT_${env}`, parse, description, secret: true }
}

/** Every field of the worker's configuration, in the order of the help text. */
export const WORKER_FIELDS = {
  rpcUrl: secretField(
    'RPC_URL',
    secret(url),
    'JSON-RPC endpoint of the chain; may contain an API key, so it is never shown.',
  ),
  rpcFallbacks: {
    env: 'GEVULOT_RPC_FALLBACKS',
    parse: endpoints,
    description:
      'Further endpoints of the same chain, in order of preference, for when rpcUrl fails, limits or lags; they also tell what it leaves out. Never shown.',
    fallback: [] as readonly Secret[],
    secret: true,
  },
  rpcLagBlocks: field(
    'RPC_LAG_BLOCKS',
    integer(1, 10_000),
    'Blocks by which the newest block of an endpoint may be behind the others before it is set aside.',
    10,
  ),
  deployment: field('DEPLOYMENT', path, 'Path of the deployment record, deployments/<chain id>.json.'),
  keyFile: field(
    'KEY_FILE',
    optional(path),
    "The operator's private key: an encrypted keystore, or 64 hexadecimal digits; mode 600. Needed unless signerUrl is there.",
    '',
  ),
  keyPasswordFile: field(
    'KEY_PASSWORD_FILE',
    optional(path),
    'File with the password of the keystore, mode 600; empty: the key is not encrypted.',
    '',
  ),
  signerUrl: {
    env: 'GEVULOT_SIGNER_URL',
    parse: secret(optional(url)),
    description:
      'JSON-RPC endpoint of an external signer that holds the key (Web3Signer, Clef); may hold a password, so it is never shown. Empty: keyFile.',
    fallback: new Secret(''),
    secret: true,
  },
  signerAccount: field(
    'SIGNER_ACCOUNT',
    optional(address),
    'Account that the external signer signs for; needed with signerUrl.',
    '',
  ),
  signerTimeoutMs: field(
    'SIGNER_TIMEOUT_MS',
    integer(100, 120_000),
    'Milliseconds until a question to the external signer counts as failed; it is asked again.',
    5_000,
  ),
  operator: field(
    'OPERATOR',
    optional(address),
    'Account whose seats are worked for, when the key is one of its submitter keys; empty: the account of the key.',
    '',
  ),
  dataDirectory: field('DATA_DIRECTORY', path, 'State, proofs and the content cache; belongs to this worker alone.'),
  databaseUrl: {
    env: 'DATABASE_URL',
    parse: secret(optional(postgresUrl)),
    description:
      'Postgres server that keeps the state, postgres://user:password@host/database; empty: a database in dataDirectory. Never shown.',
    fallback: new Secret(''),
    secret: true,
  },
  standby: field(
    'STANDBY',
    flag,
    'Whether to wait while another worker acts for the account, and to take over when it is gone; on both of two machines. Needs databaseUrl.',
    false,
  ),
  roles: field(
    'ROLES',
    list(choice(...ROLES)),
    'What this daemon is. coordinator: follows the chain, holds the key, decides. runner: runs programs. One of them alone needs databaseUrl, where the fleet meets.',
    ROLES,
  ),
  fleet: field(
    'FLEET',
    fleetName,
    'Name of the fleet on the database server, which is that of its Postgres schema; all its machines name the same.',
    'fleet',
  ),
  runnerName: field(
    'RUNNER_NAME',
    optional(text),
    'What this runner is called in logs and figures; empty: the name of the machine.',
    '',
  ),
  runnerRole: field(
    'RUNNER_ROLE',
    optional(text),
    "Database role that runners on other machines connect as: the coordinator opens the fleet's tables to it, and no others; empty: its own.",
    '',
  ),
  leaseSeconds: field(
    'LEASE_SECONDS',
    integer(10, 3_600),
    'Seconds after which the work of a runner that is not heard of is given to another.',
    30,
  ),
  seats: field('SEATS', list(integer(1, 2 ** 24 - 1)), "Seats to work for; empty: all of the account's.", []),

  mode: field(
    'MODE',
    choice('auto', 'approve', 'drain', 'watch'),
    'auto: take work. approve: ask the operator about each workload. drain: finish what was taken and decline the rest. watch: follow and log, send nothing.',
    'auto',
  ),
  runtime: field(
    'RUNTIME',
    choice('linux', 'nanos', 'bubblewrap'),
    'What programs run in; linux: a microVM, nanos: a unikernel in one, bubblewrap: namespaces, for trusted programs.',
    'linux',
  ),
  accel: field(
    'ACCEL',
    choice('auto', 'kvm', 'tcg'),
    'How virtual machines run; auto: KVM where a test program runs under it, otherwise emulated.',
    'auto',
  ),
  nanosKernel: field(
    'NANOS_KERNEL',
    optional(path),
    'Path of kernel.img for the runtime nanos; empty: NANOS_KERNEL, the installed one, or that of ~/.ops.',
    '',
  ),
  nanosKernelSha256: field(
    'NANOS_KERNEL_SHA256',
    optional(sha256),
    'Digest that kernel.img must have, 64 hexadecimal digits; needed for the runtime nanos.',
    '',
  ),
  runs: field(
    'RUNS',
    integer(1, 64),
    'Programs to run at the same time, as far as cores, memory, output and cards go round.',
    1,
  ),
  cores: field('CORES', integer(1, 512), 'Cores that all runs together may have; work that wants more is declined.', 1),
  memoryMiB: field(
    'MEMORY_MIB',
    integer(16, 1 << 22),
    'Memory that all runs together may have; work that wants more is declined.',
    1024,
  ),
  outputMiB: field(
    'OUTPUT_MIB',
    integer(1, 1 << 16),
    'Output that all runs together may write; work that wants more is declined.',
    1024,
  ),
  gpus: field(
    'GPUS',
    list(pciAddress),
    'Graphics cards to lend to programs, by their place on the bus, each to one run at a time; only for the runtime nanos.',
    [],
  ),
  logKiB: field('LOG_KIB', integer(1, 1 << 16), 'Log to keep of one run.', 256),

  contentDirectories: field(
    'CONTENT_DIRECTORIES',
    list(path),
    'Directories with content, asked before any URL; the first is near and cheap.',
    [],
  ),
  contentUrls: field(
    'CONTENT_URLS',
    list(contentPlace),
    "The operator's own content stores: https://…, s3://bucket/path[?endpoint=url], kubo+http://host:5001/ (an IPFS node), ipfs://<CID>; any address is allowed.",
    [],
  ),
  ipfsGateways: field(
    'IPFS_GATEWAYS',
    list(url),
    'Base URLs of the gateways that ipfs:// is read through, also where the chain says it; empty: such URIs are passed over.',
    [],
  ),
  s3AccessKeyId: field(
    'S3_ACCESS_KEY_ID',
    optional(text),
    "Key id for the operator's own S3 stores; empty: what they show to everybody.",
    '',
  ),
  s3SecretFile: field('S3_SECRET_FILE', optional(path), 'File with the secret key of s3AccessKeyId, mode 600.', ''),
  privateContent: field(
    'PRIVATE_CONTENT',
    flag,
    'Whether URLs found on the chain may point into private networks. Only for a local network.',
    false,
  ),
  maxContentMiB: field('MAX_CONTENT_MIB', integer(1, 1 << 24), 'Largest package or set of inputs to fetch.', 4096),
  cacheMiB: field(
    'CACHE_MIB',
    integer(1, 1 << 24),
    'Packages to keep, with the disks that virtual machines read them from: when a new one needs room, those go that were not used longest.',
    16_384,
  ),
  fetchSeconds: field(
    'FETCH_SECONDS',
    integer(1, DAY),
    'How long to try for content before it counts as not available.',
    120,
  ),
  inboxes: field('INBOXES', list(path), 'Directories in which sealed proofs are left for requesters.', []),

  proofDirectories: field(
    'PROOF_DIRECTORIES',
    list(path),
    'Directories in which proofs over 1 KiB are left for committees of validators; serve them where PROOF_URI says.',
    [],
  ),
  proofUrls: field(
    'PROOF_URLS',
    list(writablePlace),
    'S3 buckets and IPFS nodes in which they are left too: s3://bucket/path, kubo+http://host:5001/.',
    [],
  ),
  proofUri: field(
    'PROOF_URI',
    optional(publicUri),
    'Base URL at which validators find the proofs of PROOF_DIRECTORIES and PROOF_URLS; needed with either, unless an IPFS node in PROOF_URLS says its own.',
    '',
  ),

  allowPrograms: field('ALLOW_PROGRAMS', list(bytes32), 'Programs to work for; empty: every program.', []),
  denyPrograms: field('DENY_PROGRAMS', list(bytes32), 'Programs to decline.', []),
  allowRequesters: field('ALLOW_REQUESTERS', list(address), 'Accounts to work for; empty: everybody.', []),
  denyRequesters: field('DENY_REQUESTERS', list(address), 'Accounts whose workloads are declined.', []),
  minimumRate: field(
    'MINIMUM_RATE',
    integer(0, 2 ** 40 - 1),
    'Lowest fee to work for, in gwei of the token per second of maximum run time and slot; the rest is declined.',
    0,
  ),
  refusedProofs: field(
    'REFUSED_PROOFS',
    integer(0, MOST_REFUSED),
    'Proofs of a program that its own verifier refuses here, one after the other, from which its work is declined for a day; of those it accepts here and that are refused on the chain, two are enough. 0: never.',
    3,
  ),
  claimOpen: field('CLAIM_OPEN', flag, 'Whether to work for open slots of others too.', false),
  claimMinimumRate: field(
    'CLAIM_MINIMUM_RATE',
    integer(0, 2 ** 40 - 1),
    'Lowest fee to claim an open slot for, beside minimumRate and like it: the race for it may be lost.',
    0,
  ),
  claimKnown: field(
    'CLAIM_KNOWN',
    flag,
    'Whether to claim open slots only of programs that have run here before.',
    false,
  ),
  qualify: field(
    'QUALIFY',
    flag,
    'Whether to solve the puzzles of seats, to join and in checks, with as many threads as cores.',
    true,
  ),
  keeper: field(
    'KEEPER',
    flag,
    "Whether to assign, settle, report silence and evict for everybody's workloads and classes, for the bounties.",
    false,
  ),
  keeperDuties: field(
    'KEEPER_DUTIES',
    list(choice(...KEEPER_DUTIES)),
    'What a keeper does for everybody; leave out what it should not.',
    KEEPER_DUTIES,
  ),
  keeperSpreadSeconds: field(
    'KEEPER_SPREAD_SECONDS',
    integer(0, 600),
    'Each keeper waits its own part of this, so that they do not all pay for the same act.',
    6,
  ),
  rewards: field('REWARDS', flag, 'Whether to record paid work for network rewards, and to claim them.', true),
  rewardsFrom: field(
    'REWARDS_FROM',
    integer(0, 1_000_000_000),
    'Whole tokens from which it is worth the gas of recording, and of claiming.',
    10,
  ),
  appealUpTo: field(
    'APPEAL_UP_TO',
    integer(0, 1_000_000_000),
    'Whole tokens to put up at most for appealing a verdict that is wrong as far as this machine knows; 0: only say so.',
    0,
  ),
  appealPerDay: field(
    'APPEAL_PER_DAY',
    integer(0, 1_000_000_000),
    'Whole tokens that the bonds of appeals may come to within 24 hours; 0: three times appealUpTo.',
    0,
  ),
  drandEndpoints: field(
    'DRAND_ENDPOINTS',
    list(url),
    'drand HTTP servers from which a keeper relays rounds that workloads wait for, in this order; empty: none.',
    QUICKNET_ENDPOINTS,
  ),

  startBlock: field(
    'START_BLOCK',
    integer(0, 2 ** 31 - 1),
    "First block to read, if not the deployment's; 0: that one.",
    0,
  ),
  pollMs: field('POLL_MS', integer(50, 60_000), 'Milliseconds between two looks at the chain.', 2_000),
  confirmations: field(
    'CONFIRMATIONS',
    integer(1, 1_000),
    'Blocks on top of a commit before its proof is handed out early.',
    5,
  ),
  safetySeconds: field(
    'SAFETY_SECONDS',
    integer(0, 600),
    'Distance kept from every deadline (less for very short work).',
    12,
  ),
  rpcTimeoutMs: field(
    'RPC_TIMEOUT_MS',
    integer(100, 120_000),
    'Milliseconds until an RPC request counts as failed.',
    10_000,
  ),

  maxFeeGwei: field(
    'MAX_FEE_GWEI',
    integer(1, 1_000_000),
    'Highest fee per gas the worker offers; twice that for the empty transfer that takes the place of what is too late.',
    200,
  ),
  priorityFeeMwei: field(
    'PRIORITY_FEE_MWEI',
    integer(0, 1_000_000),
    'Tip per gas in mwei, thousandths of a gwei.',
    100,
  ),
  // What a transaction may have on most chains (EIP-7825): every verifier that the market allows can be asked with it.
  maxGas: field(
    'MAX_GAS',
    integer(21_000, 100_000_000),
    'Highest gas limit of one transaction; work whose proof needs more to be shown is declined.',
    16_777_216,
  ),
  bumpSeconds: field(
    'BUMP_SECONDS',
    integer(1, 3_600),
    'Seconds without being mined before a transaction is sent with a higher fee.',
    24,
  ),
  maxInFlight: field('MAX_IN_FLIGHT', integer(1, 64), 'Transactions sent and not yet mined at the same time.', 8),

  relays: field(
    'RELAYS',
    list(url),
    'Base URLs of relays that pay for the gas of signed acts, asked in this order; empty: the account pays itself.',
    [],
  ),

  shutdownSeconds: field(
    'SHUTDOWN_SECONDS',
    integer(0, DAY),
    'Seconds in which running programs may finish after SIGTERM.',
    0,
  ),
  keepProofsDays: field('KEEP_PROOFS_DAYS', integer(0, 3_650), 'Days to keep proofs and logs of finished work.', 7),
  keepBundles: field(
    'KEEP_BUNDLES',
    integer(0, 1_000),
    'Failure bundles to keep, the newest: what is left of runs that failed; 0: none.',
    20,
  ),
  bundleMiB: field(
    'BUNDLE_MIB',
    integer(0, 1 << 20),
    'Most package and inputs to copy into a failure bundle; of larger ones it holds the digests only.',
    64,
  ),
  observePort: field('OBSERVE_PORT', integer(0, 65_535), 'Port that answers /live, /ready and /metrics; 0: none.', 0),
  observeHost: field(
    'OBSERVE_HOST',
    text,
    'Address to listen at for them. They tell no secrets, but are no page for strangers either.',
    '127.0.0.1',
  ),
  readySeconds: field('READY_SECONDS', integer(1, DAY), 'Seconds without a new block after which /ready says no.', 120),
  logFile: field('LOG_FILE', pathOrOutput, 'File that log lines are added to; -: standard output.', '-'),
  logLevel: field('LOG_LEVEL', choice('debug', 'info', 'warn', 'error'), 'Least important lines to write.', 'info'),
} as const satisfies Readonly<Record<string, ConfigField<never> | ConfigField<unknown>>>

/** The worker's configuration. */
export type WorkerConfig = ConfigOf<typeof WORKER_FIELDS>
