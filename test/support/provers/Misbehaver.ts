import {
  connect,
  deploymentOf,
  readDeploymentRecord,
  rpcProvider,
  type Contracts,
} from '../../../sdk/src/chain/index.js'
import { contentSources } from '../../../sdk/src/worker/run/contentSources.js'
import type { ContentSource } from '../../../sdk/src/content/index.js'
import { systemClock } from '../../../sdk/src/clock.js'
import { ChainFollower } from '../../../sdk/src/worker/chain/ChainFollower.js'
import { ChainTime } from '../../../sdk/src/worker/chain/ChainTime.js'
import { loadConfig } from '../../../sdk/src/worker/config/loadConfig.js'
import { readKeyFile } from '../../../sdk/src/worker/config/readKeyFile.js'
import { dossierOf, isDrawn, type Dossier } from '../../../sdk/src/worker/coordinate/Dossier.js'
import { MarketCalls } from '../../../sdk/src/worker/coordinate/MarketCalls.js'
import { SeatBook } from '../../../sdk/src/worker/coordinate/SeatBook.js'
import { jsonLogger, type Logger } from '../../../sdk/src/worker/log/Logger.js'
import { logWriter } from '../../../sdk/src/worker/log/logWriter.js'
import { Publisher } from '../../../sdk/src/worker/publish/Publisher.js'
import { TxSigner } from '../../../sdk/src/worker/publish/TxSigner.js'
import { EventStore } from '../../../sdk/src/worker/store/EventStore.js'
import { openDatabase } from '../../../sdk/src/worker/store/openDatabase.js'
import { TransactionJournal } from '../../../sdk/src/worker/store/TransactionJournal.js'

/** What a misbehaving prover works with. */
export interface Misdeeds {
  readonly contracts: Contracts
  readonly calls: MarketCalls
  readonly publisher: Publisher
  readonly signer: TxSigner
  readonly time: ChainTime
  readonly log: Logger
  /** Where the inputs of a workload are found. */
  readonly content: ContentSource
}

/** Looks at a workload with a seat of ours, at every new block while it is not over. */
export type Misbehaviour = (dossier: Dossier, seat: number, parts: Misdeeds) => Promise<void>

/**
 * Runs a prover that breaks the rules, as a process of its own with the configuration of a real worker. It is made of the worker's
 * parts, so that the worker itself needs no switch for it. Ends by a signal.
 */
export async function misbehave(behaviour: Misbehaviour): Promise<void> {
  const config = await loadConfig(process.argv[2], process.env)
  const clock = systemClock
  const writer = logWriter(config.logFile)
  const log = jsonLogger({ level: config.logLevel, write: writer.write, now: () => clock.now() })
  const deployment = deploymentOf(await readDeploymentRecord(config.deployment))
  const provider = rpcProvider(config.rpcUrl.reveal(), deployment.chainId)
  const contracts = await connect(deployment, provider)
  const signer = new TxSigner(await readKeyFile(config.keyFile), deployment.chainId)
  const db = await openDatabase()
  const events = new EventStore(db)
  const time = new ChainTime(clock)
  const seats = new SeatBook(contracts, events, signer.address, config.seats)
  const { pollMs } = config
  const publisher = new Publisher({
    provider,
    signer,
    journal: new TransactionJournal(db, clock),
    time,
    clock,
    log,
    pollMs,
    maxFee: 10n ** 12n,
    tip: 10n ** 8n,
    maxGas: 10_000_000n,
    bumpMs: 10_000,
    maxInFlight: 8,
  })
  const parts = {
    contracts,
    calls: new MarketCalls(contracts),
    publisher,
    signer,
    time,
    log,
    content: contentSources(config)([]),
  }
  const lookAround = async (): Promise<void> => {
    seats.refresh()
    for (const workload of await events.liveWorkloads()) {
      const dossier = dossierOf(workload, await events.ofWorkload(workload))
      if (dossier === undefined) continue
      for (const { seat } of await seats.seats()) if (isDrawn(dossier, seat)) await behaviour(dossier, seat, parts)
    }
  }
  const follower = new ChainFollower({
    contracts,
    events,
    time,
    clock,
    log,
    pollMs,
    fromBlock: deployment.fromBlock,
    onBatch: () => lookAround().catch((error: unknown) => log.warn('looking around failed', { error })),
  })
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  log.info('prover started', { stage: 'start', operator: signer.address })
  await Promise.all([follower.run(stop.signal), publisher.run(stop.signal)])
  process.exit(0)
}
