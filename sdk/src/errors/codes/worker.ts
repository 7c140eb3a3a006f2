import { errorFactory } from '../errorFactory.js'
import type { ErrorTable } from '../GevulotError.js'

/** Errors of the prover worker (design section 9). A retryable one ends the process with exit code 75, any other with 1. */
export const WORKER_ERRORS = {
  WORKER_CONFIG_INVALID: {
    hint: 'Run the worker with --help: it lists every field, its default and its environment variable.',
    retryable: false,
  },
  WORKER_KEY_UNSAFE: {
    hint: 'Keys and passwords are in files, which the configuration names; they must be regular files that only their owner can read: chmod 600 <file>.',
    retryable: false,
  },
  WORKER_KEY_LOCKED: {
    hint: 'Put the password of the keystore into a file of mode 600 and name it in keyPasswordFile.',
    retryable: false,
  },
  WORKER_SIGNER_UNAVAILABLE: {
    hint: 'Start the external signer, and check signerUrl and signerTimeoutMs. Nothing was signed or sent; it is asked again.',
    retryable: true,
  },
  WORKER_SIGNER_REFUSED: {
    hint: "Read the signer's log: it must hold the key of signerAccount and may refuse neither its transactions nor its typed data.",
    retryable: false,
  },
  WORKER_SIGNER_WRONG: {
    hint: 'Set the chain id of the signer to that of the deployment and update it: it must sign EIP-1559 transactions and EIP-712 data as they are.',
    retryable: false,
  },
  WORKER_NOT_SUBMITTER: {
    hint: 'Name the key with the key of the operator: gevulot prover name-submitter <account of the key>. Or leave `operator` out.',
    retryable: false,
  },
  WORKER_LOCKED: {
    hint: 'Another worker runs on this data directory or with this key. Stop it first, or give this one its own. Of two machines with one database server, set standby: true on both.',
    retryable: false,
  },
  WORKER_SEAT_NOT_OWNED: {
    hint: "Name only seats that the key's account has staked and not withdrawn; leave `seats` out to use all of them.",
    retryable: false,
  },
  WORKER_RUNTIME_UNAVAILABLE: {
    hint: 'Make the configured runtime work, or configure another; the worker never takes a weaker one by itself.',
    retryable: false,
  },
  WORKER_RUNTIME_LATE: {
    hint: 'This machine is busy, or emulates virtual machines: it is tried again at the next start. If it stays so, ask `gevulot doctor`.',
    retryable: true,
  },
  WORKER_CLOCK_WRONG: {
    hint: 'Synchronise the clock of this machine, or use an RPC endpoint whose node is in sync.',
    retryable: true,
  },
  WORKER_TRANSITION_ILLEGAL: {
    hint: 'This is a bug of the worker; keep its log and data directory and report it.',
    retryable: false,
  },
  WORKER_COMMITMENT_CONFLICT: {
    hint: 'The seat has committed to another proof of this workload before; only that one may ever be revealed.',
    retryable: false,
  },
  WORKER_STATE_INVALID: {
    hint: 'The data directory holds something this version cannot read. A broken database: stop, move its folder database/ away and keep it; it is made again from the chain and the commitments beside it, which must stay.',
    retryable: false,
  },
  WORKER_DISK_FULL: {
    hint: 'Free space on its disk. Of the data directory cache/, work/ and bundles/ may be removed, nothing else: commitments and proofs are bonds. The worker starts again once there is room; a smaller cacheMiB keeps it.',
    retryable: true,
  },
  WORKER_LOG_UNAVAILABLE: {
    hint: 'Make the folder of `logFile`, mount its disk, or name another file (`-`: standard output). Under the systemd unit only StateDirectory can be written to. It is tried again until then: a seat that is silent costs more.',
    retryable: true,
  },
  WORKER_STATE_NEWER: {
    hint: 'A newer version has worked here. Start that version, or a newer one; this one changes nothing of it.',
    retryable: false,
  },
  WORKER_FLEET_MISSING: {
    hint: 'Start the coordinator of the fleet first, in this version: it makes the tables and brings them up to date. Then check databaseUrl and fleet.',
    retryable: true,
  },
  WORKER_TASK_LOST: {
    hint: 'Another runner has the task now, because this one was not heard of for too long, or nobody needs it any more. Nothing has to be done.',
    retryable: false,
  },
  WORKER_DATABASE_UNAVAILABLE: {
    hint: 'Check databaseUrl: the server must run, let this user in, and let it create a schema. Nothing was lost; start again.',
    retryable: true,
  },
  WORKER_LOCK_LOST: {
    hint: 'The connection that held the lock on the database server broke, so another worker may have taken over. Start again.',
    retryable: true,
  },
  WORKER_PUZZLE_UNSOLVED: {
    hint: "Read the log: the puzzle's program must be fetchable and run in time in the configured runtime.",
    retryable: true,
  },
  WORKER_NO_RELAY: {
    hint: 'Look at the relays of the configuration, name another one, or send the account some gas money; until then nothing can be sent.',
    retryable: true,
  },
  WORKER_WATCHES: {
    hint: 'In the mode watch nothing is sent. Choose auto, approve or drain to act.',
    retryable: false,
  },
  WORKER_NOTHING_WAITS: {
    hint: 'gevulot prover waiting lists what waits. Only work of a worker in the mode approve does, until its response window ends.',
    retryable: false,
  },
  WORKER_NOT_RUNNING: {
    hint: 'Start the worker, or name the dataDirectory of the one that runs: --data or GEVULOT_DATA_DIRECTORY.',
    retryable: true,
  },
  WORKER_CONTROL_UNAVAILABLE: {
    hint: 'Ask as the user the worker runs as, with the same version; its dataDirectory must have a short path on a local disk.',
    retryable: false,
  },
  WORKER_BUNDLE_INVALID: {
    hint: 'Name the directory of a failure bundle, with bundle.json in it, as a worker of this version left it.',
    retryable: false,
  },
  WORKER_STOPPED: {
    hint: 'The worker is shutting down; what was unfinished is resumed at the next start.',
    retryable: true,
  },
} as const satisfies ErrorTable

/** Makes an error of {@link WORKER_ERRORS}. */
export const workerError = errorFactory(WORKER_ERRORS)
