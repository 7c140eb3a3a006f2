import { join } from 'node:path'
import { openWritablePlace } from '../content/index.js'
import { GevulotError } from '../errors/GevulotError.js'
import { DirectoryInbox } from '../client/delivery/DirectoryInbox.js'
import type { Clock } from '../clock.js'
import { BundleStore } from './bundle/BundleStore.js'
import { ChainFollower } from './chain/ChainFollower.js'
import { Closers } from './Closers.js'
import { placesOf } from './config/placesOf.js'
import type { WorkerConfig } from './config/WorkerConfig.js'
import { ControlServer } from './control/ControlServer.js'
import type { ControlQuestion } from './control/question.js'
import { Agenda } from './coordinate/Agenda.js'
import { ApprovalDesk } from './coordinate/ApprovalDesk.js'
import { Appellant } from './coordinate/Appellant.js'
import { appealLimits } from './config/appealLimits.js'
import { wrongedSeats } from './coordinate/wrongedSeats.js'
import { BeaconRelay } from './coordinate/BeaconRelay.js'
import { ChainFacts } from './coordinate/ChainFacts.js'
import { CommitteeCalls } from './coordinate/CommitteeCalls.js'
import { Claimer } from './coordinate/Claimer.js'
import { Coordinator } from './coordinate/Coordinator.js'
import { Courier } from './coordinate/Courier.js'
import { DeclineQuota } from './coordinate/DeclineQuota.js'
import type { Dossier } from './coordinate/Dossier.js'
import { JobActor } from './coordinate/JobActor.js'
import { Keeper } from './coordinate/Keeper.js'
import { KeeperBatches } from './coordinate/KeeperBatches.js'
import { MarketCalls } from './coordinate/MarketCalls.js'
import { ProofPlacer } from './coordinate/ProofPlacer.js'
import { seatlessWarning } from './coordinate/seatlessWarning.js'
import { Workshop } from './coordinate/Workshop.js'
import { safetyOf } from './job/decide.js'
import { SubmitterWatch } from './key/SubmitterWatch.js'
import type { Logger } from './log/Logger.js'
import { Loops } from './Loops.js'
import { StandingWatch } from './observe/StandingWatch.js'
import { unheardDraws } from './observe/unheardDraws.js'
import { UnheardWatch } from './observe/UnheardWatch.js'
import { readStatus, type WorkerStatus } from './observe/WorkerStatus.js'
import { WorkerMetrics } from './observe/WorkerMetrics.js'
import { NOTHING_NEW, openCrew, type Crew } from './fleet/openCrew.js'
import { openGround } from './openGround.js'
import type { Outbox } from './publish/Outbox.js'
import { WatchingOutbox } from './publish/WatchingOutbox.js'
import { PuzzleSolver } from './qualify/PuzzleSolver.js'
import { Qualifier } from './qualify/Qualifier.js'
import { RewardCollector } from './rewards/RewardCollector.js'
import { contentSources } from './run/contentSources.js'
import { proofCheck } from './run/checkOnChain.js'
import { ContentFetcher } from './run/ContentFetcher.js'
import { ProofPruner } from './run/ProofPruner.js'
import { ProofStore } from './run/ProofStore.js'
import { CommitmentJournal } from './store/CommitmentJournal.js'
import { DecisionStore } from './store/DecisionStore.js'
import { JobStore } from './store/JobStore.js'
import type { DaemonParts } from './serve.js'
import { RewardStore } from './store/RewardStore.js'
import { SolutionStore } from './store/SolutionStore.js'
import { RunHistory } from './store/RunHistory.js'
import { untilAborted } from './untilAborted.js'

/** What a {@link Worker} needs beside its configuration. */
export interface WorkerDependencies extends DaemonParts {
  /** Called once it follows the chain. */
  readonly onStarted?: () => void
}

/** The prover worker: one operator account with its seats on one machine. */
export class Worker {
  readonly #config: WorkerConfig
  readonly #clock: Clock
  readonly #log: Logger
  readonly #key: DaemonParts['key']
  readonly #onStarted: (() => void) | undefined
  readonly #closers: Closers

  constructor(config: WorkerConfig, { clock, log, key, onStarted }: WorkerDependencies) {
    this.#config = config
    this.#clock = clock
    this.#log = log
    this.#key = key
    this.#onStarted = onStarted
    this.#closers = new Closers(log)
  }

  /**
   * Checks everything, then works until `stop` is aborted: then no work is taken any more, running programs get
   * `shutdownSeconds` to finish, and what is unfinished waits in the data directory for the next start.
   * @throws GevulotError `WORKER_*`, `CHAIN_*`
   */
  async run(stop: AbortSignal): Promise<void> {
    try {
      await this.#run(stop)
    } catch (error) {
      if (!(stop.aborted && error instanceof GevulotError && error.code === 'WORKER_STOPPED')) throw error
      this.#log.info('worker stopped', { stage: 'stop' })
    } finally {
      await this.#closers.close()
    }
  }

  async #run(stop: AbortSignal): Promise<void> {
    const config = this.#config
    const clock = this.#clock
    const log = this.#log
    const metrics = new WorkerMetrics(clock)
    metrics.watchDisk(config.dataDirectory)
    const ground = await openGround(config, { clock, log, key: this.#key }, this.#closers, stop, metrics)
    const { deployment, signer, contracts, db, runtime, ledger, packages, events, time, seats, reach, lost } = ground
    const publisher = config.mode === 'watch' ? new WatchingOutbox(log) : ground.publisher

    const jobs = new JobStore(db, clock, (state, paid) => metrics.onTransition(state, paid))
    const journal = new CommitmentJournal(db, join(config.dataDirectory, 'commitments'), clock)
    const isShared = config.databaseUrl.reveal() !== ''
    const proofs = new ProofStore(join(config.dataDirectory, 'proofs'), isShared ? db : undefined)
    const history = new RunHistory(db, clock, (outcome, seconds) => metrics.onRun(outcome, seconds))
    const agenda = new Agenda()
    const maxGas = BigInt(config.maxGas)
    const chain = new ChainFacts(contracts, events)
    const calls = new MarketCalls(contracts)
    const committeeCalls = new CommitteeCalls(contracts)
    const places = await placesOf(config)
    const sources = contentSources(config, places)
    const bundles = new BundleStore({ config, chainId: contracts.chainId, runtime: runtime.name, clock, log })
    const crew = await openCrew(
      {
        ...{ config, runtime, ledger, packages, proofs, history, bundles, clock, log, chainId: contracts.chainId },
        ...{ account: ground.account, gpus: ledger.gpus, check: proofCheck({ contracts, maxGas, reach, clock, log }) },
        fetcher: new ContentFetcher({ config, packages, sources, clock, log }),
        onRetry: () => metrics.onRetry(),
      },
      this.#closers,
    )
    const { executor } = crew
    const onChange = (dossier: Dossier): void => coordinator.touch(dossier.workload)
    const workshop = new Workshop({
      executor,
      jobs,
      history,
      chain,
      signer,
      time,
      clock,
      log,
      safetyOf: (dossier) => safetyOf(dossier, config),
      onChange,
    })
    const desk = new ApprovalDesk(new DecisionStore(db, clock), log, (workload) => coordinator.touch(workload))
    const domain = { chainId: contracts.chainId, market: contracts.addresses.market }
    const placer = new ProofPlacer({
      stores: [...config.proofDirectories, ...config.proofUrls].map((place) => openWritablePlace(place, places)),
      ...{ uri: config.proofUri, clock, log },
    })
    const inboxes = config.inboxes.map((path) => new DirectoryInbox(path, domain))
    const courier = new Courier({ inboxes, clock, log })
    this.#closers.add(async () => {
      placer.close()
      courier.close()
    })
    const actor = new JobActor({
      contracts,
      chain,
      calls,
      jobs,
      journal,
      proofs,
      history,
      publisher,
      reach,
      policy: config,
      signer,
      workshop,
      desk,
      courier,
      placer,
      clock,
      log,
      onChange,
    })
    const relay = new BeaconRelay({ contracts, publisher, time, clock, log, endpoints: config.drandEndpoints })
    const batches = new KeeperBatches({
      ...{ contracts, provider: ground.provider, operator: signer.operator, publisher, clock, log },
      ...{ maxGas, reach },
    })
    const appellant = new Appellant({
      ...{ contracts, events, publisher, operator: signer.operator, time, clock, log },
      ...appealLimits(config),
      grounds: (dossier, judgment) => wrongedSeats(seats, dossier, judgment),
    })
    const keeper = new Keeper({
      contracts,
      calls,
      committeeCalls,
      chain,
      batches,
      relay,
      appellant,
      time,
      clock,
      operator: signer.operator,
      duties: config.keeper ? config.keeperDuties : [],
      spreadSeconds: config.keeperSpreadSeconds,
      onChange,
    })
    const claimer = new Claimer({ config, chain, seats, jobs, history, executor, reach, time, log })
    const solver = new PuzzleSolver({
      ...{ config, contracts, chain, runtime, ledger, packages, sources, operator: signer.operator },
    })
    const qualifier = new Qualifier({
      ...{ config, contracts, events, seats, solver, relay, publisher, time, clock, log, operator: signer.operator },
      solutions: new SolutionStore(db, clock),
    })
    const collector = new RewardCollector({
      ...{ config, contracts, events, publisher, clock, log, operator: signer.operator, payer: signer.address },
      provider: ground.provider,
      store: new RewardStore(db, clock),
      onClaimed: (amount) => metrics.onClaimed(amount),
    })
    const pruner = new ProofPruner({ config, jobs, proofs, clock, log })
    const coordinator = new Coordinator({
      config,
      contracts,
      events,
      jobs,
      journal,
      history,
      proofs,
      signer,
      chain,
      seats,
      actor,
      workshop,
      desk,
      quota: new DeclineQuota(contracts, clock),
      keeper,
      reach,
      claimer,
      agenda,
      time,
      clock,
      log,
      onReconciled: () => metrics.onReconciled(),
    })
    const warnSeatless = seatlessWarning({ contracts, seats, operator: signer.operator, log })
    const follower = new ChainFollower({
      contracts,
      events,
      time,
      clock,
      log,
      pollMs: config.pollMs,
      fromBlock: config.startBlock === 0 ? deployment.fromBlock : config.startBlock,
      onBatch: async (batch) => {
        if (batch.kind === 'reorg') {
          metrics.onReorg()
          await collector.onReorg(batch.redoFrom)
        } else metrics.onHead(batch.to.number)
        await coordinator.onBatch(batch)
        await warnSeatless(batch)
      },
    })
    // It asks the endpoint once a minute, so only where somebody looks.
    const watch =
      config.observePort === 0
        ? undefined
        : new StandingWatch({
            ...{ contracts, seats, metrics, clock, log },
            ...{ operator: signer.operator, payer: signer.address },
          })

    const draws = new UnheardWatch({
      ...{ contracts, events, follower, clock, log, pollMs: config.pollMs },
      find: () => unheardDraws({ contracts, seats, events, jobs }),
      text: 'a seat is at work, and nobody here knows for what: name another endpoint, or it is slashed',
      onUnheard: (count) => metrics.onUnheard(count),
    })
    const term =
      signer.operator === signer.address
        ? undefined
        : new SubmitterWatch({
            ...{ contracts, signer, clock, log },
            onTerm: (key, until) => metrics.onSubmitter(key, until),
          })
    const { fleet } = crew
    const info = {
      operator: signer.operator,
      chain: String(contracts.chainId),
      runtime: runtime.name,
      mode: config.mode,
    }
    metrics.start(info, {
      openJobs: () => jobs.openByState(),
      approvals: () => desk.waiting.length,
      endpoints: () => ground.provider.endpoints,
      ...(fleet && { fleet: () => fleet }),
    })
    const { mode, readySeconds } = config
    const who = { operator: signer.operator, account: signer.address, chainId: contracts.chainId }
    const startedAt = clock.elapsed()
    await this.#control(desk, () =>
      readStatus({
        ...{ ...who, mode, readySeconds, runtime: runtime.name, jobs, desk, metrics, clock, startedAt },
        ...(fleet && { fleet }),
      }),
    )
    await publisher.recover()
    await coordinator.lookAtEverything()
    log.info('worker started', {
      stage: 'start',
      operator: signer.operator,
      chain: contracts.chainId,
      runtime: runtime.name,
      mode: config.mode,
    })
    this.#onStarted?.()
    const others = [qualifier, collector, pruner, draws, ...(watch ? [watch] : []), ...(term ? [term] : [])]
    await this.#work({ stop, lost, follower, coordinator, publisher, others, workshop, crew })
    log.info('worker stopped', { stage: 'stop' })
  }

  /** Runs the loops; if one of them breaks, all stop. */
  async #work(parts: {
    readonly stop: AbortSignal
    readonly lost: AbortSignal
    readonly follower: ChainFollower
    readonly coordinator: Coordinator
    readonly publisher: Outbox
    /** Loops that nothing else here speaks to. */
    readonly others: readonly Pick<Coordinator, 'run'>[]
    readonly workshop: Workshop
    readonly crew: Crew
  }): Promise<void> {
    const { stop, lost, follower, coordinator, publisher, others, workshop } = parts
    const { fleet, runner } = parts.crew
    const loops = new Loops(lost)
    const { broken } = loops
    for (const loop of [follower, coordinator, publisher, ...others, ...(fleet ? [fleet] : [])])
      void loops.run((finished) => loop.run(finished))
    const outdated = (error: unknown): void => {
      if (!GevulotError.is(error, 'WORKER_STATE_NEWER')) throw error
      this.#log.error(NOTHING_NEW, { stage: 'fleet', error })
    }
    const ending = AbortSignal.any([stop, broken])
    const proving = runner && loops.run(() => runner.run(ending).catch(outdated))
    await untilAborted(ending)
    this.#log.info('worker is stopping', { stage: 'stop', grace: this.#config.shutdownSeconds })
    const grace = new AbortController()
    const wait = this.#clock
      .sleep(broken.aborted ? 0 : this.#config.shutdownSeconds * 1000, grace.signal)
      .catch(() => undefined)
    const closed = workshop.close()
    // Runners elsewhere go on without this process.
    if (fleet === undefined || runner !== undefined) await Promise.race([closed, wait])
    grace.abort()
    workshop.stopAll()
    runner?.stopAll()
    await Promise.allSettled([closed, proving])
    loops.finish()
    await loops.settled()
  }

  /** Takes the operator's questions and orders; without them the mode `approve` would decline everything. */
  async #control(desk: ApprovalDesk, status: () => Promise<WorkerStatus>): Promise<void> {
    const { dataDirectory, mode } = this.#config
    const handle = async (question: ControlQuestion): Promise<unknown> => {
      switch (question.ask) {
        case 'status':
          return status()
        case 'waiting':
          return { mode, waiting: desk.waiting }
        case 'decide':
          return desk.decide(question.workload, question.decision)
      }
    }
    try {
      const server = await ControlServer.listen(dataDirectory, handle, this.#log)
      this.#closers.add(() => server.close())
    } catch (error) {
      if (mode === 'approve') throw error
      this.#log.warn('nobody can ask this worker anything', { stage: 'start', error })
    }
  }
}
