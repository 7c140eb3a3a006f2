import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { keccak256 } from 'ethers'

import type { Address, Bytes32, ProgramId, WorkloadId } from '../../sdk/src/chain/index.js'
import { systemClock } from '../../sdk/src/clock.js'
import { buildInputs, buildPackage, DirectoryStore, type Digest } from '../../sdk/src/content/index.js'
import type { Runtime } from '../../sdk/src/runtime/index.js'
import { Closers } from '../../sdk/src/worker/Closers.js'
import { Secret } from '../../sdk/src/worker/config/Secret.js'
import type { TaskOrder } from '../../sdk/src/worker/fleet/messages.js'
import { joinFleet, openFleet, type Fleet } from '../../sdk/src/worker/fleet/openFleet.js'
import { openCrew, type CrewParts } from '../../sdk/src/worker/fleet/openCrew.js'
import { openRunner, type RunnerParts } from '../../sdk/src/worker/fleet/openRunner.js'
import type { Runner } from '../../sdk/src/worker/fleet/Runner.js'
import type { Shape } from '../../sdk/src/worker/fleet/shape.js'
import { jsonLogger } from '../../sdk/src/worker/log/Logger.js'
import { openPackages } from '../../sdk/src/worker/run/openPackages.js'
import { ResourceLedger } from '../../sdk/src/worker/run/ResourceLedger.js'
import { makeElf } from './elf.js'

/** What programs of a {@link FleetFloor} need. */
export const SMALL: Shape = { cores: 1, memoryMiB: 64, outputMiB: 1, gpus: 0 }

const hex32 = (): string => `0x${randomBytes(32).toString('hex')}`

/** A fleet on a real server, content for it, and runners in this process whose programs a test plays. */
export class FleetFloor {
  readonly log = jsonLogger({ level: 'error', write: () => undefined, now: () => 0 })
  /** Where the content is. */
  readonly content: string
  readonly publicInputs = Buffer.from('public inputs')
  readonly #directory: string
  readonly #url: string
  readonly #name = `fleet_${randomBytes(6).toString('hex')}`
  readonly #package: Digest
  readonly #inputs: Digest
  readonly #open: (() => Promise<void>)[] = []

  private constructor(directory: string, url: string, program: Digest, inputs: Digest) {
    this.#directory = directory
    this.content = join(directory, 'content')
    this.#url = url
    this.#package = program
    this.#inputs = inputs
  }

  /** @param url Of a database server. */
  static async open(directory: string, url: string): Promise<FleetFloor> {
    const store = new DirectoryStore(join(directory, 'content'))
    const { digest: program } = await buildPackage(
      {
        ...{
          name: 'played',
          role: 'prove',
          argv: ['/app/prover'],
          resources: { cores: 1, memoryMiB: 64, outputMiB: 1 },
        },
        files: [{ path: 'prover', source: makeElf({}), executable: true }],
      },
      store,
    )
    const { digest: inputs } = await buildInputs({ files: { public_inputs: Buffer.from('public inputs') } }, store)
    return new FleetFloor(directory, url, program, inputs)
  }

  /** The fleet as its coordinator has it. */
  async coordinate(): Promise<Fleet> {
    return this.#keep(await openFleet(this.#options(), ''))
  }

  /** Work for a prover, by default in a workload of its own, with inputs that are there. */
  order(prover: Address, workload = hex32(), inputs = this.#inputs): Omit<TaskOrder, 'endsAt'> {
    return {
      ...{ chainId: 1, workload: workload as WorkloadId, programId: hex32() as ProgramId, inputs },
      program: {
        ...{ prover: this.#package, verifierProgram: this.#package, verifier: `0x${'1'.repeat(40)}` as Address },
        ...{ verifierGas: 0, class: 1, bindsProver: true },
      },
      ...{ publicInputs: keccak256(this.publicInputs) as Bytes32, prover, uris: [] },
    }
  }

  /**
   * Starts a runner; {@link close} stops it.
   * @param url Where it finds the server.
   * @returns Stops it before.
   */
  async startRunner(name: string, runtime: Runtime, runs = 1, url = this.#url): Promise<() => Promise<void>> {
    return this.#run(await openRunner({ ...(await this.#partsOf(name, runtime, runs)), fleet: await this.#join(url) }))
  }

  /** The same with the runner that a coordinator has in its own process. */
  async startOwnRunner(name: string, runtime: Runtime, runs = 1, url = this.#url): Promise<() => Promise<void>> {
    const parts = await this.#partsOf(name, runtime, runs)
    const closers = new Closers(this.log)
    this.#open.push(() => closers.close())
    const place = { databaseUrl: new Secret(url), fleet: this.#name, runnerRole: '', leaseSeconds: 30 }
    const config = { ...parts.config, ...place, roles: ['coordinator', 'runner'] }
    // What only its coordinator needs is not there.
    const { runner } = await openCrew({ ...parts, config, account: '1-0xa' } as unknown as CrewParts, closers)
    if (runner === undefined) throw new TypeError('it has the role')
    return this.#run(runner)
  }

  async #partsOf(name: string, runtime: Runtime, runs: number): Promise<Omit<RunnerParts, 'fleet'>> {
    const room = { runs, cores: 8, memoryMiB: 1024, outputMiB: 64 }
    const directory = join(this.#directory, name)
    return {
      packages: await openPackages({ dataDirectory: directory, cacheMiB: 64 }, systemClock),
      config: {
        ...{
          dataDirectory: directory,
          runnerName: name,
          mode: 'auto',
          runtime: 'linux',
          accel: 'auto',
        },
        ...{
          ...room,
          logKiB: 64,
          maxContentMiB: 16,
          fetchSeconds: 1,
          keepBundles: 0,
          bundleMiB: 1,
          shutdownSeconds: 0,
        },
        ...{ contentDirectories: [this.content], contentUrls: [], privateContent: false, ipfsGateways: [] },
        ...{ s3AccessKeyId: '', s3SecretFile: '' },
      },
      ...{ runtime, gpus: 0, clock: systemClock, log: this.log },
      ledger: new ResourceLedger({ ...room, gpus: [] }),
    }
  }

  #run(runner: Runner): () => Promise<void> {
    const stop = new AbortController()
    const ended = runner.run(stop.signal)
    const end = (): Promise<void> => {
      stop.abort()
      return ended
    }
    this.#open.push(end)
    return end
  }

  /** Stops its runners and closes what it has opened. */
  async close(): Promise<void> {
    for (const close of this.#open.splice(0).reverse()) await close()
  }

  async #join(url: string): Promise<Fleet> {
    return this.#keep(await joinFleet({ ...this.#options(), url }))
  }

  #options() {
    return { url: this.#url, name: this.#name, clock: systemClock, log: this.log }
  }

  #keep(fleet: Fleet): Fleet {
    this.#open.push(() => fleet.close())
    return fleet
  }
}
