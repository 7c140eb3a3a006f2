import { randomUUID } from 'node:crypto'
import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../clock.js'
import { errnoOf, writeAtomically } from '../../content/writeAtomically.js'
import type { PackageCache } from '../../content/PackageCache.js'
import { ownVersion } from '../../ownVersion.js'
import type { Runtime } from '../../runtime/index.js'
import { placesOf } from '../config/placesOf.js'
import type { WorkerConfig } from '../config/WorkerConfig.js'
import type { Logger } from '../log/Logger.js'
import { contentSources } from '../run/contentSources.js'
import type { ResourceLedger } from '../run/ResourceLedger.js'
import type { Fleet } from './openFleet.js'
import { Runner, type TaskEnd } from './Runner.js'
import { RunnerBook } from './RunnerBook.js'
import { RunnerQueue } from './RunnerQueue.js'
import { TaskRun, type RunConfig } from './TaskRun.js'

/** What a runner is made of. */
export interface RunnerParts {
  readonly config: RunConfig &
    Pick<
      WorkerConfig,
      | 'runnerName'
      | 'shutdownSeconds'
      | 'contentDirectories'
      | 'contentUrls'
      | 'privateContent'
      | 'ipfsGateways'
      | 's3AccessKeyId'
      | 's3SecretFile'
    >
  readonly fleet: Fleet
  readonly runtime: Runtime
  readonly packages: PackageCache
  readonly ledger: ResourceLedger
  readonly gpus: number
  readonly clock: Clock
  readonly log: Logger
  readonly onRun?: (outcome: string, seconds: number) => void
  readonly onEnd?: (end: TaskEnd) => void
  readonly onBeat?: (busy: number) => void
}

const DAY_MS = 86_400_000

/** Makes the runner of this data directory, which its caller has locked. */
export async function openRunner(parts: RunnerParts): Promise<Runner> {
  const { config, fleet, runtime, packages, ledger, gpus, clock } = parts
  const { runs, cores, memoryMiB, outputMiB } = config
  const directory = join(config.dataDirectory, 'runner')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await prune(directory, clock.now())
  const id = await ownId(join(directory, 'id'))
  const name = config.runnerName === '' ? hostname() : config.runnerName
  const log = parts.log.with({ runner: name })
  const none = (): void => undefined
  const sources = contentSources(config, await placesOf(config))
  return new Runner({
    ...{ fleet, ledger, clock, log },
    queue: new RunnerQueue(fleet, id),
    book: new RunnerBook(fleet),
    facts: {
      ...{ id, name, version: await ownVersion(), runtime: runtime.name },
      capacity: { runs, cores, memoryMiB, outputMiB, gpus },
    },
    run: new TaskRun({ config, runtime, packages, sources, clock, log, onRun: parts.onRun ?? none }),
    graceMs: config.shutdownSeconds * 1000,
    onEnd: parts.onEnd ?? none,
    onBeat: parts.onBeat ?? none,
  })
}

/** A runner that starts again must know what it had; two on one machine must not take each other's. */
async function ownId(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  const id = randomUUID()
  await writeAtomically(path, async (file) => {
    await file.writeFile(`${id}\n`)
    return path
  })
  return id
}

/** Forgets what tasks left here that went to other runners. Proofs stay for a day: a task of an earlier process may come back. */
async function prune(directory: string, now: number): Promise<void> {
  // Versions before had proofs by workload there, and packages of a runner's own.
  for (const name of ['proofs', 'cache']) await rm(join(directory, name), { recursive: true, force: true })
  const tasks = join(directory, 'tasks')
  for (const name of await readdir(tasks).catch(() => [])) {
    const { mtimeMs } = await stat(join(tasks, name))
    const rest = mtimeMs < now - DAY_MS ? join(tasks, name) : join(tasks, name, 'work')
    await rm(rest, { recursive: true, force: true })
  }
}
