import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { arch, release } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../clock.js'
import { DirectoryStore, type LocalInputs, type LocalPackage } from '../../content/index.js'
import { encodeManifest } from '../../content/manifestJson.js'
import { ownVersion } from '../../ownVersion.js'
import type { RunLimits, RunOutcome, RuntimeName } from '../../runtime/index.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import type { WorkOrder } from '../run/WorkOrder.js'
import { BUNDLE_CONTENT, BUNDLE_FILE, type FailureBundle } from './FailureBundle.js'

/** A run that failed, or made a proof that was refused. */
export interface FailedRun {
  readonly order: WorkOrder
  readonly program: LocalPackage
  /** The package that judges the proof, where a program does. */
  readonly verifier?: LocalPackage
  readonly inputs: LocalInputs
  readonly limits: RunLimits
  readonly outcome: RunOutcome
  /** sha-256 of the proof, 64 hexadecimal digits. */
  readonly proof?: string
  readonly refused?: string
}

/** What a {@link BundleStore} needs. */
export interface BundleStoreOptions {
  readonly config: Pick<WorkerConfig, 'dataDirectory' | 'keepBundles' | 'bundleMiB' | (typeof SHOWN)[number]>
  readonly chainId: number
  readonly runtime: RuntimeName
  readonly clock: Clock
  readonly log: Logger
}

// What a run depends on. Places and secrets are none of anybody's business.
const SHOWN = [
  'mode',
  'runtime',
  'accel',
  'runs',
  'cores',
  'memoryMiB',
  'outputMiB',
  'logKiB',
  'maxContentMiB',
  'fetchSeconds',
] as const
const MIB = 2 ** 20

/** What is left of runs that failed: `bundles/<time>-<workload>/`, the newest few. With its content, a bundle runs again anywhere. */
export class BundleStore {
  readonly #options: BundleStoreOptions
  readonly #directory: string

  constructor(options: BundleStoreOptions) {
    this.#options = options
    this.#directory = join(options.config.dataDirectory, 'bundles')
  }

  /** Keeps a bundle; a bundle that cannot be written is no reason to fail once more. */
  async keep(run: FailedRun): Promise<void> {
    const { config, clock, log } = this.#options
    if (config.keepBundles === 0) return
    const { workload } = run.order
    const at = new Date(clock.now()).toISOString()
    const path = join(this.#directory, `${at.replace(/[:.]/g, '-')}-${workload.slice(2, 14)}`)
    const building = `${path}.tmp`
    try {
      await mkdir(building, { recursive: true, mode: 0o700 })
      const content = await this.#copyContent(run, join(building, BUNDLE_CONTENT))
      await writeFile(join(building, 'log.txt'), run.outcome.log)
      await writeFile(
        join(building, BUNDLE_FILE),
        `${JSON.stringify(await this.#describe(run, at, content), undefined, 2)}\n`,
      )
      await rename(building, path)
      log.info('a failure bundle is kept', { workload, stage: 'running', path, content })
      await this.#prune()
    } catch (error) {
      await rm(building, { recursive: true, force: true }).catch(() => undefined)
      log.warn('no failure bundle could be kept', { workload, stage: 'running', error })
    }
  }

  /** Puts package and inputs beside the description, unless they are too large. */
  async #copyContent(run: FailedRun, directory: string): Promise<FailureBundle['content']> {
    const packages = [run.program, ...(run.verifier ? [run.verifier] : [])]
    const files = [...packages.flatMap(({ manifest }) => manifest.files), ...run.inputs.files]
    const total = files.reduce((sum, { size }) => sum + size, 0)
    if (total > this.#options.config.bundleMiB * MIB) return 'none'
    const store = new DirectoryStore(directory)
    for (const { directory: place, files: root, manifest } of packages) {
      await store.put({ path: join(place, 'manifest.json') })
      for (const file of manifest.files) await store.put({ path: join(root, file.path) })
    }
    const { args, files: given } = run.inputs
    const listed = given.map(({ name, sha256, size }) => ({ name, sha256, size }))
    // Manifests are canonical, so these are the bytes that the digest names.
    await store.put(encodeManifest({ schema: 'gevulot/inputs@1', args, files: listed }).bytes)
    for (const file of given) await store.put({ path: file.path })
    return 'whole'
  }

  async #describe(run: FailedRun, at: string, content: FailureBundle['content']): Promise<FailureBundle> {
    const { config, chainId, runtime } = this.#options
    const { order, inputs, limits, outcome, proof, refused } = run
    const { usage, log: _, ...ended } = outcome
    const { gpus, ...rest } = limits
    return {
      format: 'gevulot-failure-bundle',
      version: 1,
      ...{ at, chainId, workload: order.workload, prover: order.prover },
      program: {
        id: order.programId,
        package: order.program.prover,
        verifier: order.program.verifier,
        verifierPackage: order.program.verifierProgram,
        uris: [...order.uris],
      },
      inputs: {
        digest: order.inputs,
        publicInputs: order.publicInputs,
        args: [...inputs.args],
        files: inputs.files.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
      },
      run: {
        runtime,
        limits: { ...rest, gpus: gpus?.length ?? 0 },
        ended: 'files' in ended ? { ...ended, files: ended.files.map(({ path: __, ...file }) => file) } : ended,
        usage: { ...usage },
        ...(proof !== undefined && { proof }),
      },
      ...(refused !== undefined && { refused }),
      versions: {
        sdk: await ownVersion(),
        node: process.versions.node,
        system: `${process.platform} ${release()} ${arch()}`,
      },
      config: Object.fromEntries(SHOWN.map((name) => [name, config[name]])),
      content,
    }
  }

  /** Names begin with the time, so the oldest come first. Unfinished ones may be those of other runs that have just failed. */
  async #prune(): Promise<void> {
    const names = (await readdir(this.#directory)).sort()
    const whole = names.filter((name) => !name.endsWith('.tmp'))
    const old = whole.slice(0, Math.max(0, whole.length - this.#options.config.keepBundles))
    for (const name of old) await rm(join(this.#directory, name), { recursive: true, force: true })
  }
}
