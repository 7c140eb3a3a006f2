import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Kysely } from 'kysely'

import { SERVED } from '../../../programs/aztec-jobs/build.js'
import { AztecAdapter, type AztecAdapterOptions } from '../../../sdk/src/aztec/adapter/AztecAdapter.js'
import type { Lane } from '../../../sdk/src/aztec/adapter/Lane.js'
import { BrokerClient } from '../../../sdk/src/aztec/broker/BrokerClient.js'
import { inlineExchange } from '../../../sdk/src/aztec/exchange/inlineExchange.js'
import { WalletRequester } from '../../../sdk/src/aztec/network/WalletRequester.js'
import { AztecMetrics } from '../../../sdk/src/aztec/observe/AztecMetrics.js'
import { migrations } from '../../../sdk/src/aztec/store/migrations.js'
import type { AztecSchema } from '../../../sdk/src/aztec/store/schema.js'
import type { ProgramId } from '../../../sdk/src/chain/index.js'
import { DirectoryInbox } from '../../../sdk/src/client/delivery/DirectoryInbox.js'
import type { GevulotClient } from '../../../sdk/src/client/createClient.js'
import type { ClientOptions } from '../../../sdk/src/client/makeClient.js'
import { systemClock } from '../../../sdk/src/clock.js'
import { DirectoryStore } from '../../../sdk/src/content/DirectoryStore.js'
import { generateDeliveryKey } from '../../../sdk/src/crypto/DeliveryKey.js'
import { openEmbedded } from '../../../sdk/src/database/openEmbedded.js'
import { jsonLogger } from '../../../sdk/src/worker/log/Logger.js'
import { startNetwork, TOKEN, UNHURRIED, type Network } from '../network.js'
import { ScriptedProvers } from './ScriptedProvers.js'

/** With time for a test to see what is revealed, and to reveal it late. */
const PARAMETERS = { ...UNHURRIED, rules: { ...UNHURRIED.rules, revealWindow: 300 } }

/** A line of an adapter's log. */
type Line = Readonly<Record<string, unknown>> & { readonly message: string }

/** Options of an adapter, and whose account pays. */
export type BenchOptions = Partial<AztecAdapterOptions> & { readonly client?: GevulotClient }

/** Real contracts, seats that answer by a script, and adapters that can be stopped and started. */
export class AdapterBench {
  readonly network: Network
  readonly provers: ScriptedProvers
  readonly lane: Lane
  readonly #directory: string
  readonly #client: GevulotClient
  readonly #options: Pick<ClientOptions, 'store' | 'inbox' | 'deliveryKey'>
  readonly #running: RunningAdapter[] = []
  /** Databases of adapters that have ended, emptied: opening one takes seconds. */
  readonly #idle: Kysely<AztecSchema>[] = []

  private constructor(
    parts: Pick<AdapterBench, 'network' | 'provers' | 'lane'>,
    directory: string,
    client: GevulotClient,
    options: Pick<ClientOptions, 'store' | 'inbox' | 'deliveryKey'>,
  ) {
    this.#options = options
    this.network = parts.network
    this.provers = parts.provers
    this.lane = parts.lane
    this.#directory = directory
    this.#client = client
  }

  static async start(): Promise<AdapterBench> {
    const network = await startNetwork(PARAMETERS)
    await moreSeats(network)
    const directory = await mkdtemp(join(tmpdir(), 'gevulot-aztec-'))
    const store = new DirectoryStore(join(directory, 'content'))
    const inbox = new DirectoryInbox(join(directory, 'inbox'), network.deployment)
    const options = { store, inbox, deliveryKey: generateDeliveryKey() }
    const client = await network.client(options)
    await client.deposit({ amount: 100_000n * TOKEN })
    // Nobody runs its packages here: the scripted seats compute what they would, and the requester looks at the form.
    const { program } = await client.deployProgram({
      prover: `0x${'a1'.repeat(32)}`,
      verifierProgram: `0x${'a2'.repeat(32)}`,
    })
    const keeper = await network.client({ signer: network.owner, store })
    const provers = await new ScriptedProvers(network, keeper, store, inbox).start()
    return new AdapterBench({ network, provers, lane: laneOf(program) }, directory, client, options)
  }

  /** The adapters' client, with something of its own. */
  async client(own: Partial<ClientOptions>): Promise<GevulotClient> {
    return this.network.client({ ...this.#options, ...own })
  }

  async stop(): Promise<void> {
    await this.stopAdapters()
    for (const db of this.#idle) await db.destroy()
    await this.provers.stop()
    await this.network.chain.stop()
    await rm(this.#directory, { recursive: true, force: true })
  }

  async stopAdapters(): Promise<void> {
    for (const adapter of this.#running.splice(0)) {
      await adapter.stop()
      const { db } = adapter
      for (const table of ['jobs', 'bundles', 'epochs'] as const) await db.deleteFrom(table).execute()
      this.#idle.push(db)
    }
  }

  /** Starts an adapter with a book of its own. */
  async adapter(url: string, { client = this.#client, ...options }: BenchOptions = {}): Promise<RunningAdapter> {
    const directory = await mkdtemp(join(this.#directory, 'adapter-'))
    const db = this.#idle.pop() ?? (await openEmbedded<AztecSchema>(undefined, migrations))
    const defaults = {
      broker: new BrokerClient({ url, clock: systemClock, attempts: 2, retryDelayMs: 50 }),
      ...{
        exchange: inlineExchange,
        lanes: [this.lane],
        budget: { perEpoch: 1_000n * TOKEN, perDay: 10_000n * TOKEN },
      },
      ...({
        trust: 'form',
        simulated: true,
        slots: 64,
        attempts: 2,
        windowSeconds: 3_600,
        pollMs: 50,
        heartbeatMs: 200,
      } as const),
      keepMs: 86_400_000,
    }
    const cacheDirectory = join(directory, 'packages')
    const adapter = new RunningAdapter(db, directory, (log, metrics) => {
      const requester = options.requester ?? new WalletRequester({ client, log, deposit: true, cacheDirectory })
      return new AztecAdapter({ ...defaults, ...options, requester, db, directory, log, metrics })
    })
    this.#running.push(adapter)
    adapter.start()
    return adapter
  }
}

/** An adapter at work; its book outlives it. */
export class RunningAdapter {
  readonly lines: Line[] = []
  readonly db: Kysely<AztecSchema>
  /** Where its files are. */
  readonly directory: string
  readonly #make: (log: ReturnType<typeof jsonLogger>, metrics: AztecMetrics) => AztecAdapter
  metrics = new AztecMetrics(systemClock)
  #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(
    db: Kysely<AztecSchema>,
    directory: string,
    make: (log: ReturnType<typeof jsonLogger>, metrics: AztecMetrics) => AztecAdapter,
  ) {
    this.db = db
    this.directory = directory
    this.#make = make
  }

  start(): void {
    this.#stopping = new AbortController()
    this.metrics = new AztecMetrics(systemClock)
    const write = (line: string): void => void this.lines.push(JSON.parse(line) as Line)
    const log = jsonLogger({ level: 'info', write, now: () => Date.now() })
    this.#running = this.#make(log, this.metrics).run(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped by the test'))
    await this.#running
  }

  /** Waits for a line of its log. */
  async line(message: string | RegExp): Promise<Line> {
    const test = (line: Line): boolean =>
      typeof message === 'string' ? line.message === message : message.test(line.message)
    return until(() => this.lines.find(test), () => `no line ${String(message)} in\n${this.tail()}`) // prettier-ignore
  }

  /** The end of its log, for messages of failed tests. */
  tail(): string {
    return this.lines.slice(-12).map((line) => JSON.stringify(line).slice(0, 400)).join('\n') // prettier-ignore
  }

  /** What became of its jobs. */
  async outcomes(): Promise<Readonly<Record<string, string | null>>> {
    const jobs = await this.db.selectFrom('jobs').select(['id', 'outcome']).execute()
    return Object.fromEntries(jobs.map(({ id, outcome }) => [id, outcome]))
  }

  /** How many workloads it has paid for. */
  async workloads(): Promise<number> {
    return (await this.db.selectFrom('bundles').select('id').where('workload', 'is not', null).execute()).length
  }
}

/** Waits for something to be there. */
export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  otherwise: string | (() => string),
  seconds = 120,
): Promise<T> {
  for (const end = Date.now() + seconds * 1000; ; await sleep(25)) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(typeof otherwise === 'string' ? otherwise : otherwise())
  }
}

function laneOf(program: ProgramId): Lane {
  return {
    ...{ program, types: SERVED, bundleJobs: 16, bundleBytes: 2 ** 24, bundleSeconds: 10_000, bundleWaitMs: 300 },
    ...{ pace: 0.01, spareSeconds: 100, maxRunTime: 600, redundancy: 1, feePercent: 100 },
  }
}

/** Nobody judges these workloads, and a seat has room for three that are not settled. */
async function moreSeats(network: Network): Promise<void> {
  for (const { contracts, seats } of network.operators) {
    const first = Number(await contracts.registry.stake.staticCall(1, SEATS, 0))
    await (await contracts.registry.stake(1, SEATS, 0, { gasLimit: 25_000_000 })).wait()
    ;(seats as number[]).push(...Array.from({ length: SEATS }, (_, index) => first + index))
  }
  await network.chain.pass(2 * network.parameters.epochLength)
}

const SEATS = 30
