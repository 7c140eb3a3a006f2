import { GevulotError } from '../../errors/GevulotError.js'
import type { Clock } from '../../clock.js'
import { Closers } from '../Closers.js'
import type { RunnerConfig } from '../config/RunnerConfig.js'
import { lockDirectory } from '../lock.js'
import type { Logger } from '../log/Logger.js'
import { RunnerMetrics } from '../observe/RunnerMetrics.js'
import { serveHealth } from '../observe/serveHealth.js'
import { lentGpus } from '../run/lentGpus.js'
import { openPackages } from '../run/openPackages.js'
import { ResourceLedger } from '../run/ResourceLedger.js'
import { assertRuntime, workerRuntime } from '../run/workerRuntime.js'
import { joinFleet } from './openFleet.js'
import { openRunner } from './openRunner.js'

/**
 * A runner of a fleet as a daemon of its own: it needs the database server and the content, and has neither key nor chain.
 * @throws GevulotError `WORKER_*`
 */
export async function runRunner(
  config: RunnerConfig,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  stop: AbortSignal,
): Promise<void> {
  const closers = new Closers(log)
  try {
    const lock = await lockDirectory(config.dataDirectory)
    closers.add(() => lock.release())
    const runtime = await workerRuntime(config)
    const gpus = await lentGpus(config)
    await assertRuntime(runtime, log)
    const fleet = await joinFleet({ url: config.databaseUrl.reveal(), name: config.fleet, clock, log })
    closers.add(() => fleet.close())
    const metrics = new RunnerMetrics(clock, config.dataDirectory)
    const runner = await openRunner({
      ...{ fleet, runtime, clock, log, gpus: gpus.length },
      packages: await openPackages(config, clock),
      // What is taken is worked for; whether work is wanted at all, the coordinator decides.
      config: { ...config, mode: 'auto' },
      ledger: new ResourceLedger({ ...config, gpus }),
      onRun: (outcome, seconds) => metrics.onRun(outcome, seconds),
      onEnd: (end) => metrics.onEnd(end),
      onBeat: (busy) => metrics.onBeat(busy),
    })
    await serveHealth(config, metrics, { clock, log, closers })
    await runner.run(stop)
  } catch (error) {
    if (!(stop.aborted && GevulotError.is(error, 'WORKER_STOPPED'))) throw error
  } finally {
    await closers.close()
  }
}
