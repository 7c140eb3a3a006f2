import { join } from 'node:path'
import { connect, deploymentOf, readDeploymentRecord, rpcProvider, type VerdictDomain } from '../chain/index.js'
import type { Clock } from '../clock.js'
import { assertClock } from '../worker/chain/assertClock.js'
import { ChainFollower } from '../worker/chain/ChainFollower.js'
import { ChainTime } from '../worker/chain/ChainTime.js'
import type { Secret } from '../worker/config/Secret.js'
import { ChainFacts } from '../worker/coordinate/ChainFacts.js'
import { CommitteeCalls } from '../worker/coordinate/CommitteeCalls.js'
import { SeatBook } from '../worker/coordinate/SeatBook.js'
import { lockAccount, lockDirectory } from '../worker/lock.js'
import type { Logger } from '../worker/log/Logger.js'
import { Publisher } from '../worker/publish/Publisher.js'
import type { DaemonParts } from '../worker/serve.js'
import { TxSigner } from '../worker/publish/TxSigner.js'
import { contentSources } from '../worker/run/contentSources.js'
import { assertRuntime, workerRuntime } from '../worker/run/workerRuntime.js'
import { EventStore } from '../worker/store/EventStore.js'
import { openDatabase } from '../worker/store/openDatabase.js'
import { TransactionJournal } from '../worker/store/TransactionJournal.js'
import { untilAborted } from '../worker/untilAborted.js'
import { Clerk } from './Clerk.js'
import type { ValidatorConfig } from './config/ValidatorConfig.js'
import { VerdictServer } from './exchange/VerdictServer.js'
import { VerdictShelf } from './exchange/VerdictShelf.js'
import { Judge } from './judge/Judge.js'
import { JudgeRoom } from './judge/JudgeRoom.js'
import { VerdictJournal } from './verdict/VerdictJournal.js'

const MWEI = 1_000_000n
const GWEI = 1_000_000_000n

/** A validator: the seats of one operator account in the validators' class, on one machine. */
export class Validator {
  readonly #config: ValidatorConfig
  readonly #clock: Clock
  readonly #log: Logger
  readonly #key: Secret
  /** Undo what was opened, newest first. */
  readonly #closers: (() => Promise<void>)[] = []

  constructor(config: ValidatorConfig, { clock, log, key }: DaemonParts) {
    this.#config = config
    this.#clock = clock
    this.#log = log
    this.#key = key
  }

  /**
   * Checks everything, then judges until `stop` is aborted. What is unfinished is taken up at the next start.
   * @throws GevulotError WORKER_*, VALIDATOR_*, CHAIN_*
   */
  async run(stop: AbortSignal): Promise<void> {
    try {
      await this.#run(stop)
    } finally {
      for (const close of this.#closers.splice(0).reverse()) {
        await close().catch((error: unknown) => this.#log.warn('closing failed', { stage: 'stop', error }))
      }
    }
  }

  async #run(stop: AbortSignal): Promise<void> {
    const config = this.#config
    const clock = this.#clock
    const log = this.#log
    const deployment = deploymentOf(await readDeploymentRecord(config.deployment))
    const signer = new TxSigner(this.#key, deployment.chainId)
    // Two that sign with one key would sooner or later sign two verdicts.
    const directoryLock = await lockDirectory(config.dataDirectory)
    this.#closers.push(() => directoryLock.release())
    const accountLock = await lockAccount(deployment.chainId, signer.address)
    this.#closers.push(() => accountLock.release())

    const provider = rpcProvider(config.rpcUrl.reveal(), deployment.chainId, { timeoutMs: config.rpcTimeoutMs })
    this.#closers.push(async () => provider.destroy())
    const contracts = await connect(deployment, provider)
    const db = await openDatabase(join(config.dataDirectory, 'database'))
    this.#closers.push(() => db.destroy())
    const runtime = workerRuntime(config)
    await assertRuntime(runtime, log)

    const events = new EventStore(db)
    const time = new ChainTime(clock)
    const seats = new SeatBook(contracts, events, signer.address, config.seats)
    await seats.assertOwned()
    await assertClock(contracts, clock)
    const domain: VerdictDomain = { chainId: contracts.chainId, committee: contracts.addresses.committee }
    const journal = new VerdictJournal(join(config.dataDirectory, 'verdicts'), domain)
    const shelf = new VerdictShelf()
    if (config.listen !== '') {
      const server = await VerdictServer.listen(config.listen, shelf)
      this.#closers.push(() => server.close())
      log.info('verdicts can be read', { stage: 'start', port: server.port })
    }
    const publisher = new Publisher({
      provider,
      signer,
      journal: new TransactionJournal(db, clock),
      time,
      clock,
      log,
      pollMs: config.pollMs,
      maxFee: BigInt(config.maxFeeGwei) * GWEI,
      tip: BigInt(config.priorityFeeMwei) * MWEI,
      maxGas: BigInt(config.maxGas),
      bumpMs: config.bumpSeconds * 1000,
      maxInFlight: config.maxInFlight,
    })
    const judge = new Judge({ config, runtime, sources: contentSources(config), time, clock, log })
    const room = new JudgeRoom({ judge, journal, clock, log, onChange: (workload) => clerk.touch(workload) })
    const clerk = new Clerk({
      config,
      contracts,
      domain,
      events,
      chain: new ChainFacts(contracts, events),
      seats,
      signer,
      publisher,
      calls: new CommitteeCalls(contracts),
      journal,
      room,
      shelf,
      time,
      clock,
      log,
    })
    const follower = new ChainFollower({
      contracts,
      events,
      time,
      clock,
      log,
      pollMs: config.pollMs,
      fromBlock: config.startBlock === 0 ? deployment.fromBlock : config.startBlock,
      onBatch: (batch) => clerk.onBatch(batch),
    })
    await publisher.recover()
    await clerk.lookAtEverything()
    log.info('validator started', {
      stage: 'start',
      operator: signer.address,
      chain: contracts.chainId,
      runtime: runtime.name,
    })
    await this.#work(stop, [follower, clerk, publisher], room)
    log.info('validator stopped', { stage: 'stop' })
  }

  /** Runs the loops; if one of them breaks, all stop. */
  async #work(
    stop: AbortSignal,
    loops: readonly { run(signal: AbortSignal): Promise<void> }[],
    room: JudgeRoom,
  ): Promise<void> {
    const broken = new AbortController()
    const finished = new AbortController()
    const settled = Promise.allSettled(
      loops.map((loop) =>
        loop.run(finished.signal).catch((error: unknown) => {
          broken.abort(error)
          throw error
        }),
      ),
    )
    await untilAborted(AbortSignal.any([stop, broken.signal]))
    await room.close()
    finished.abort()
    await settled
    if (broken.signal.aborted) throw broken.signal.reason
  }
}
