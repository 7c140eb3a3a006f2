import { join } from 'node:path'
import { asChainError, type Contracts, type VerdictDomain } from '../chain/index.js'
import type { Clock } from '../clock.js'
import { GevulotError } from '../errors/GevulotError.js'
import { ChainFollower } from '../worker/chain/ChainFollower.js'
import { Closers } from '../worker/Closers.js'
import { appealLimits } from '../worker/config/appealLimits.js'
import { Appellant } from '../worker/coordinate/Appellant.js'
import { ChainFacts } from '../worker/coordinate/ChainFacts.js'
import { CommitteeCalls } from '../worker/coordinate/CommitteeCalls.js'
import { seatlessWarning } from '../worker/coordinate/seatlessWarning.js'
import type { Logger } from '../worker/log/Logger.js'
import { Loops } from '../worker/Loops.js'
import { openGround } from '../worker/openGround.js'
import type { DaemonParts } from '../worker/serve.js'
import { placesOf } from '../worker/config/placesOf.js'
import { openPort } from '../worker/observe/openPort.js'
import { StandingWatch } from '../worker/observe/StandingWatch.js'
import { UnheardWatch } from '../worker/observe/UnheardWatch.js'
import { contentSources } from '../worker/run/contentSources.js'
import { untilAborted } from '../worker/untilAborted.js'
import { Clerk } from './Clerk.js'
import type { ValidatorConfig } from './config/ValidatorConfig.js'
import { VerdictServer } from './exchange/VerdictServer.js'
import { VerdictShelf } from './exchange/VerdictShelf.js'
import { Judge } from './judge/Judge.js'
import { JudgeRoom } from './judge/JudgeRoom.js'
import { UnheardCommittees } from './observe/UnheardCommittees.js'
import { ValidatorMetrics } from './observe/ValidatorMetrics.js'
import { contradicted } from './verdict/contradicted.js'
import { VerdictJournal } from './verdict/VerdictJournal.js'

/** A validator: the seats of one operator account in the validators' class, on one machine. */
export class Validator {
  readonly #config: ValidatorConfig
  readonly #clock: Clock
  readonly #log: Logger
  readonly #key: DaemonParts['key']
  readonly #closers: Closers

  constructor(config: ValidatorConfig, { clock, log, key }: DaemonParts) {
    this.#config = config
    this.#clock = clock
    this.#log = log
    this.#key = key
    this.#closers = new Closers(log)
  }

  /**
   * Checks everything, then judges until `stop` is aborted. What is unfinished is taken up at the next start.
   * @throws GevulotError `WORKER_*`, `VALIDATOR_*`, `CHAIN_*`
   */
  async run(stop: AbortSignal): Promise<void> {
    try {
      await this.#run(stop)
    } catch (error) {
      if (!(stop.aborted && GevulotError.is(error, 'WORKER_STOPPED'))) throw error
      this.#log.info('validator stopped', { stage: 'stop' })
    } finally {
      await this.#closers.close()
    }
  }

  async #run(stop: AbortSignal): Promise<void> {
    const config = this.#config
    const clock = this.#clock
    const log = this.#log
    const metrics = new ValidatorMetrics(clock)
    metrics.watchDisk(config.dataDirectory)
    const ground = await openGround(config, { clock, log, key: this.#key }, this.#closers, stop, metrics)
    const { deployment, signer, contracts, runtime, ledger, packages, events, time, seats, publisher } = ground
    const domain: VerdictDomain = { chainId: contracts.chainId, committee: contracts.addresses.committee }
    const isShared = config.databaseUrl.reveal() !== ''
    const journal = new VerdictJournal(join(config.dataDirectory, 'verdicts'), domain, isShared ? ground.db : undefined)
    await journal.share()
    const shelf = new VerdictShelf()
    if (config.listen !== '') {
      const listen = async (): Promise<VerdictServer> => {
        const server = await VerdictServer.listen(config.listen, shelf)
        log.info('verdicts can be read', { stage: 'start', port: server.port })
        return server
      }
      await openPort(listen, { clock, log, closers: this.#closers })
    }
    const sources = contentSources(config, await placesOf(config))
    const judge = new Judge({ config, runtime, ledger, packages, sources, time, clock, log })
    const room = new JudgeRoom({
      ...{ judge, journal, clock, log },
      onEnd: (end, seconds) => metrics.onJudged(end, seconds),
      onChange: (workload) => clerk.touch(workload),
    })
    const appellant = new Appellant({
      ...{ contracts, events, publisher, operator: signer.operator, time, clock, log },
      ...appealLimits(config),
      grounds: (dossier, judgment) => contradicted(journal, dossier, judgment),
    })
    const chain = new ChainFacts(contracts, events)
    const clerk = new Clerk({
      config,
      appellant,
      contracts,
      domain,
      events,
      chain,
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
      figures: {
        onRound: (open) => metrics.onRound(open),
        onContradicted: () => metrics.onContradicted(),
      },
    })
    const ofClass = await readValidatorClass(contracts)
    const warnSeatless = seatlessWarning({ contracts, seats, operator: signer.operator, log, ofClass })
    const follower = new ChainFollower({
      contracts,
      events,
      time,
      clock,
      log,
      pollMs: config.pollMs,
      fromBlock: config.startBlock === 0 ? deployment.fromBlock : config.startBlock,
      onBatch: async (batch) => {
        if (batch.kind === 'reorg') metrics.onReorg()
        else metrics.onHead(batch.to.number)
        await clerk.onBatch(batch)
        metrics.onBatch(batch, new Set((await seats.seats()).map(({ seat }) => seat)))
        await warnSeatless(batch)
      },
    })
    const unheard = new UnheardCommittees({
      ...{ contracts, seats, events, chain },
      onFound: (workload) => clerk.touch(workload),
    })
    const committees = new UnheardWatch({
      ...{ contracts, events, follower, clock, log, pollMs: config.pollMs },
      find: () => unheard.find(),
      text: 'a committee waits for a seat of ours, and no endpoint has told of it: name another endpoint, or the verdict is missed',
      onUnheard: (count) => metrics.onUnheard(count),
    })
    // It asks the endpoint once a minute, so only where somebody looks.
    const watches =
      config.observePort === 0
        ? []
        : [
            new StandingWatch({
              ...{ contracts, seats, metrics, clock, log },
              operator: signer.operator,
              payer: signer.address,
            }),
          ]
    metrics.start({ operator: signer.operator, chain: String(contracts.chainId), runtime: runtime.name })
    metrics.watchEndpoints(() => ground.provider.endpoints)
    await publisher.recover()
    await clerk.lookAtEverything()
    log.info('validator started', {
      stage: 'start',
      operator: signer.address,
      chain: contracts.chainId,
      runtime: runtime.name,
    })
    await this.#work(stop, ground.lost, [follower, clerk, publisher, committees, ...watches], room)
    log.info('validator stopped', { stage: 'stop' })
  }

  /** Runs the loops; if one of them breaks, all stop. */
  async #work(
    stop: AbortSignal,
    lost: AbortSignal,
    loops: readonly { run(signal: AbortSignal): Promise<void> }[],
    room: JudgeRoom,
  ): Promise<void> {
    const running = new Loops(lost)
    for (const loop of loops) void running.run((finished) => loop.run(finished))
    await untilAborted(AbortSignal.any([stop, running.broken]))
    await room.close()
    running.finish()
    await running.settled()
  }
}

async function readValidatorClass({ committee }: Contracts): Promise<number> {
  try {
    return Number(await committee.validatorClass())
  } catch (error) {
    throw asChainError(error, "reading the validators' class")
  }
}
