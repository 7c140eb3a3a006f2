import { join } from 'node:path'
import {
  connect,
  deploymentOf,
  readDeploymentRecord,
  type Address,
  type Contracts,
  type Deployment,
  type EndpointProvider,
} from '../chain/index.js'
import type { PackageCache } from '../content/PackageCache.js'
import type { Runtime } from '../runtime/index.js'
import { assertClock } from './chain/assertClock.js'
import { ChainTime } from './chain/ChainTime.js'
import { openProvider } from './chain/openProvider.js'
import type { Closers } from './Closers.js'
import type { WorkerConfig } from './config/WorkerConfig.js'
import { SeatBook } from './coordinate/SeatBook.js'
import { lockAccount, lockDirectory } from './lock.js'
import type { Outbox } from './publish/Outbox.js'
import { Publisher } from './publish/Publisher.js'
import type { HealthFigures } from './observe/HealthServer.js'
import { serveHealth } from './observe/serveHealth.js'
import { assertSubmitter } from './key/assertSubmitter.js'
import { RelayedPublisher } from './publish/RelayedPublisher.js'
import { RelayReach } from './publish/RelayReach.js'
import { SubmitterOutbox } from './publish/SubmitterOutbox.js'
import type { TxOutcome, TxRequest } from './publish/TxOutcome.js'
import { TxSigner } from './publish/TxSigner.js'
import { lentGpus } from './run/lentGpus.js'
import { openPackages } from './run/openPackages.js'
import { ResourceLedger } from './run/ResourceLedger.js'
import { assertRuntime, workerRuntime } from './run/workerRuntime.js'
import type { DaemonParts } from './serve.js'
import { ActionJournal } from './store/ActionJournal.js'
import { EventStore } from './store/EventStore.js'
import { openDatabase, type Database } from './store/openDatabase.js'
import { TransactionJournal } from './store/TransactionJournal.js'
import { takeAccount, type StandbyFigures } from './takeAccount.js'

/** What every daemon with seats stands on: its account, the chain, its records, its sandbox. */
export interface Ground {
  readonly deployment: Deployment
  /** Chain and operator, `<chain>-<address in small letters>`. */
  readonly account: string
  readonly signer: TxSigner
  readonly provider: EndpointProvider
  readonly contracts: Contracts
  readonly db: Database
  readonly runtime: Runtime
  readonly ledger: ResourceLedger
  readonly packages: PackageCache
  readonly events: EventStore
  readonly time: ChainTime
  readonly seats: SeatBook
  readonly publisher: Outbox
  readonly reach: RelayReach
  /** Aborted when the account's lock on a database server may be another's: nothing may be done any more. */
  readonly lost: AbortSignal
}

/** The part of a configuration that the ground is made of. */
export type GroundConfig = Pick<
  WorkerConfig,
  | 'deployment'
  | 'dataDirectory'
  | 'rpcUrl'
  | 'rpcFallbacks'
  | 'rpcLagBlocks'
  | 'rpcTimeoutMs'
  | 'seats'
  | 'runtime'
  | 'accel'
  | 'nanosKernel'
  | 'nanosKernelSha256'
  | 'runs'
  | 'cores'
  | 'memoryMiB'
  | 'outputMiB'
  | 'gpus'
  | 'cacheMiB'
  | 'pollMs'
  | 'maxFeeGwei'
  | 'priorityFeeMwei'
  | 'maxGas'
  | 'bumpSeconds'
  | 'maxInFlight'
  | 'relays'
  | 'observeHost'
  | 'observePort'
  | 'readySeconds'
> &
  Partial<Pick<WorkerConfig, 'databaseUrl' | 'standby' | 'operator' | 'roles'>>

/** Who is told how acts ended and whether the daemon stands by, and shows it. */
export interface GroundFigures extends HealthFigures, StandbyFigures {
  onTransaction(request: TxRequest, outcome: TxOutcome): void
  onRelays(named: number): void
}

const MWEI = 1_000_000n
const GWEI = 1_000_000_000n

/**
 * Takes data directory and account for this process alone (two that sign with one key would sooner or later contradict each other), then opens
 * and checks everything: chain, database, runtime, seats, clock. A standby waits for the account. Its health can be asked from the first wait on: else
 * nobody would see that a reserve is gone.
 * @param stop Ends that wait.
 * @throws GevulotError `WORKER_*`, `CHAIN_*`; WORKER_STOPPED when it was stopped while it waited
 */
export async function openGround(
  config: GroundConfig,
  { clock, log, key }: DaemonParts,
  closers: Closers,
  stop: AbortSignal,
  metrics: GroundFigures,
): Promise<Ground> {
  const deployment = deploymentOf(await readDeploymentRecord(config.deployment))
  const signer = new TxSigner(key, deployment.chainId, operatorOf(config))
  const directoryLock = await lockDirectory(config.dataDirectory)
  closers.add(() => directoryLock.release())
  await serveHealth(config, metrics, { clock, log, closers })
  const server = config.databaseUrl?.reveal() ?? ''
  const account = `${deployment.chainId}-${signer.operator.toLowerCase()}`
  const lost =
    server === ''
      ? new AbortController().signal
      : await takeAccount(server, { account, standby: config.standby === true, metrics, clock, log, closers }, stop)
  // Of the key for its nonces, of the operator for its word.
  for (const locked of new Set([signer.operator, signer.address])) {
    const accountLock = await lockAccount(deployment.chainId, locked)
    closers.add(() => accountLock.release())
  }

  const provider = openProvider(config, deployment.chainId, log)
  closers.add(async () => provider.destroy())
  await provider.assertChain()
  const contracts = await connect(deployment, provider)
  // Before the database, which needs room to start.
  const packages = await openPackages(config, clock)
  const db = await openDatabase(
    server === ''
      ? join(config.dataDirectory, 'database')
      : { url: server, schema: `worker_${account.replace('-', '_')}` },
  )
  closers.add(() => db.destroy())
  const runtime = await workerRuntime(config)
  const ledger = new ResourceLedger({ ...config, gpus: await lentGpus(config) })
  // Elsewhere runners try theirs.
  if (config.roles?.includes('runner') !== false) await assertRuntime(runtime, log)

  const events = new EventStore(db)
  const time = new ChainTime(clock)
  const seats = new SeatBook(contracts, events, signer.operator, config.seats)
  const isSubmitter = signer.operator !== signer.address
  if (isSubmitter) await assertSubmitter(contracts, signer, clock, log)
  await seats.assertOwned(log)
  await assertClock(contracts, clock)
  const common = {
    ...{ provider, signer, time, clock, log },
    pollMs: config.pollMs,
    maxGas: BigInt(config.maxGas),
    maxInFlight: config.maxInFlight,
    onEnd: (request: TxRequest, outcome: TxOutcome) => metrics.onTransaction(request, outcome),
  }
  const fees = { maxFee: BigInt(config.maxFeeGwei) * GWEI, tip: BigInt(config.priorityFeeMwei) * MWEI }
  const direct = new Publisher({
    ...{ ...common, ...fees },
    journal: new TransactionJournal(db, clock),
    bumpMs: config.bumpSeconds * 1000,
  })
  const { relays } = config
  metrics.onRelays(relays.length)
  const patienceMs = config.bumpSeconds * 1000
  const reach = new RelayReach({ ...{ ...common, ...fees, relays, contracts }, account: signer.address })
  const outbox: Outbox =
    relays.length === 0
      ? direct
      : new RelayedPublisher({
          ...{ ...common, direct, contracts, relays, reach, patienceMs },
          journal: new ActionJournal(db, clock),
        })
  const publisher = isSubmitter ? new SubmitterOutbox(outbox, contracts, signer.operator) : outbox
  const made = { deployment, account, signer, provider, contracts, db, runtime, ledger, packages }
  return { ...made, events, time, seats, publisher, reach, lost }
}

/** The account that a configuration names to act for; none: the key's own. */
function operatorOf({ operator }: Pick<GroundConfig, 'operator'>): Address | undefined {
  return operator === undefined || operator === '' ? undefined : (operator as Address)
}
