import type { FailReason } from '../../chain/index.js'
import type { Clock } from '../../clock.js'
import {
  fetchInputs,
  fetchPackageManifest,
  type ContentSource,
  type Digest,
  type LocalInputs,
  type LocalPackage,
  type PackageManifest,
} from '../../content/index.js'
import type { PackageCache } from '../../content/PackageCache.js'
import { GevulotError } from '../../errors/GevulotError.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import { failed, refused } from './Ended.js'
import { mostPublicInputs } from './proofExcess.js'
import type { WorkOrder } from './WorkOrder.js'

/** What a {@link ContentFetcher} needs. */
export interface ContentFetcherOptions {
  readonly config: Pick<WorkerConfig, 'fetchSeconds' | 'maxContentMiB'>
  readonly packages: PackageCache
  readonly sources: (uris: readonly string[]) => ContentSource
  readonly clock: Clock
  readonly log: Logger
}

const RETRY_MS = 1_000
const MAX_RETRY_MS = 15_000
const MIB = 2 ** 20

/** Brings what a workload is made of to this machine, patiently. What cannot be had ends the work with the reason. */
export class ContentFetcher {
  readonly #options: ContentFetcherOptions

  constructor(options: ContentFetcherOptions) {
    this.#options = options
  }

  /** A package of the program, which stays until the order's work is over: {@link release}. @throws Ended */
  async package(order: WorkOrder, digest: Digest, signal: AbortSignal): Promise<LocalPackage> {
    const { config, sources, packages } = this.#options
    const options = { maxBytes: config.maxContentMiB * MIB, signal }
    return this.#retry(order, signal, 'ProgramFailed', () =>
      packages.fetch(digest, sources(order.uris), order, options),
    )
  }

  /** Lets go of an order's packages. */
  release(order: WorkOrder): void {
    this.#options.packages.release(order)
  }

  /** What a package says of itself, without its files. @throws Ended */
  async manifest(order: WorkOrder, digest: Digest, signal: AbortSignal): Promise<PackageManifest> {
    return this.#retry(order, signal, 'ProgramFailed', () =>
      fetchPackageManifest(digest, this.#options.sources(order.uris), signal),
    )
  }

  /** The inputs of the workload. @param directory Made for them. @throws Ended */
  async inputs(order: WorkOrder, directory: string, signal: AbortSignal): Promise<LocalInputs> {
    const { config, sources } = this.#options
    const options = {
      ...{ maxBytes: config.maxContentMiB * MIB, maxPublicInputsBytes: mostPublicInputs(order) },
      signal,
    }
    return this.#retry(order, signal, 'InputsUnavailable', () =>
      fetchInputs(order.inputs, sources(order.uris), directory, options),
    )
  }

  /** Content may appear late, and stores fail now and then; content that is wrong stays wrong. */
  async #retry<T>(
    order: WorkOrder,
    signal: AbortSignal,
    reasonIfWrong: FailReason,
    fetch: () => Promise<T>,
  ): Promise<T> {
    const { clock, log, config } = this.#options
    const until = clock.elapsed() + config.fetchSeconds * 1000
    for (let pause = RETRY_MS; ; pause = Math.min(2 * pause, MAX_RETRY_MS)) {
      try {
        return await fetch()
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof GevulotError) || error.code === 'CONTENT_DISK_FULL') throw error
        if (error.code === 'CONTENT_TOO_LARGE') throw refused(error.message)
        if (error.code === 'CONTENT_MANIFEST_INVALID' || error.code === 'CONTENT_FILE_INVALID') {
          throw failed(reasonIfWrong, error.message)
        }
        const isLast = clock.elapsed() + pause > until || order.secondsLeft() <= pause / 1000
        if (isLast) throw failed('InputsUnavailable', error.message)
        log.info('content is not there yet', { workload: order.workload, stage: 'fetching', error })
        await clock.sleep(pause, signal)
      }
    }
  }
}
