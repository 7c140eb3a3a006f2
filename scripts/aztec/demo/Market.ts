import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { parseEther, type HDNodeWallet } from 'ethers'

import {
  connect,
  deploymentOf,
  readEvents,
  type Contracts,
  type ProgramId,
  type WorkloadId,
} from '../../../sdk/src/chain/index.js'
import { createClient, type GevulotClient, type Ledger, type Workload } from '../../../sdk/src/client/index.js'
import { digestFromHex } from '../../../sdk/src/content/digest.js'
import { DirectoryStore } from '../../../sdk/src/content/index.js'
import { parseInputsManifest } from '../../../sdk/src/content/InputsManifest.js'
import { readStatement, type JobTypeName } from '../../../sdk/src/aztec/index.js'
import { JOB_TYPE_NAMES } from '../../../sdk/src/aztec/protocol/jobTypes.js'
import { deploy, writeDeploymentRecord } from '../../../sdk/src/deploy/deploy.js'
import { devnet, type Parameters } from '../../../sdk/src/deploy/parameters.js'
import type { DaemonProcess } from '../../demo/DaemonProcess.js'
import { equip } from '../../demo/equip.js'
import type { LocalChain } from '../../demo/LocalChain.js'
import { startProver, type ProverGround } from '../../demo/provers.js'
import { stakeSeats } from '../../demo/qualification.js'
import { startValidators, VALIDATOR, type ValidatorRole } from '../../demo/validators.js'
import { buildProvingPackages, type ProvableType } from '../../../programs/aztec-jobs/proving/build.js'
import { buildReleasePackages } from '../../../programs/aztec-jobs/release/build.js'
import { ACCOUNTS } from './accounts.js'

/** Enough to answer for provers that share two cores with a sequencer. */
const PARAMETERS: Parameters = {
  ...devnet,
  epochLength: 10,
  rules: {
    ...devnet.rules,
    responseWindow: 60,
    silenceWindow: 120,
    revealDelay: 1,
    revealWindow: 60,
    verdictWindow: 90,
  },
}
const PROVERS = ['alice', 'bob'] as const
/** Seven seats, so that every committee is all of them, and its quorum needs both. */
const JUDGES: readonly ValidatorRole[] = [
  { name: 'vera', note: 'judges', seats: 4, entry: VALIDATOR },
  { name: 'victor', note: 'judges', seats: 3, entry: VALIDATOR },
]
const WORKER = 'sdk/dist/worker/main.js'

/** A program, and the types of job that it serves. */
export interface Served {
  readonly program: ProgramId
  readonly types: readonly JobTypeName[]
  /** What a reader should know of it. */
  readonly labels: readonly string[]
}

/** The smallest of Aztec's circuits: proven for real, which takes seconds. The next one takes a minute of two quiet cores and 4 GB. */
export const PROVEN: readonly ProvableType[] = ['CHECKPOINT_PADDING_ROLLUP']

/** Our side: contracts, provers at work, a customer with tokens, the programs. */
export class Market {
  readonly contracts: Contracts
  readonly programs: readonly Served[]
  readonly ground: ProverGround
  readonly customer: HDNodeWallet
  readonly #keys: readonly string[]
  readonly #daemons: DaemonProcess[] = []
  readonly #reader: GevulotClient

  private constructor(
    parts: Pick<Market, 'contracts' | 'programs' | 'ground' | 'customer'>,
    keys: readonly string[],
    reader: GevulotClient,
  ) {
    this.#reader = reader
    this.contracts = parts.contracts
    this.programs = parts.programs
    this.ground = parts.ground
    this.customer = parts.customer
    this.#keys = keys
  }

  /** Deploys everything on a chain that mines at once. @param aztec Its packages, and its bb. */
  static async deploy(
    chain: LocalChain,
    directory: string,
    aztec: { readonly packages: string; readonly bb: string },
  ): Promise<Market> {
    const owner = chain.wallet(ACCOUNTS.owner)
    const record = await deploy({ owner, network: 'demo', parameters: PARAMETERS })
    const deployment = deploymentOf(record)
    const contracts = await connect(deployment, owner)
    const ground: ProverGround = {
      ...{ directory, rpcUrl: chain.url, deployment: writeDeploymentRecord(record, directory) },
      ...{ store: join(directory, 'store'), inbox: join(directory, 'inbox') },
    }
    const store = new DirectoryStore(ground.store)
    mkdirSync(ground.inbox, { recursive: true })
    const client = await createClient({ deployment, signer: owner, store, pollMs: 50 })
    const rest = JOB_TYPE_NAMES.filter((type) => !(PROVEN as readonly JobTypeName[]).includes(type))
    const programs: Served[] = []
    for (const [types, { prover, verifier }] of [
      [rest, await buildReleasePackages({ store, packages: aztec.packages })],
      [PROVEN, await buildProvingPackages({ store, ...aztec, types: PROVEN })],
    ] as const) {
      const packages = { prover: prover.digest, verifierProgram: verifier.digest }
      const { program } = await client.deployProgram(packages)
      programs.push({ program, types, labels: prover.manifest.labels })
    }
    const customer = chain.wallet(ACCOUNTS.customer)
    await chain.fund(customer.address)
    await (await contracts.token.transfer(customer.address, parseEther('1000'))).wait()
    const wallets = PROVERS.map((_, index) => chain.wallet(ACCOUNTS.provers + index))
    for (const wallet of wallets) {
      await equip(chain, contracts, wallet, SEATS)
      await stakeSeats(contracts, wallet, SEATS)
    }
    const validatorClass = Number(await contracts.committee.validatorClass())
    for (const [index, { seats }] of JUDGES.entries()) {
      const wallet = chain.wallet(ACCOUNTS.validators + index)
      await equip(chain, contracts, wallet, seats)
      await stakeSeats(contracts, wallet, seats, validatorClass)
      wallets.push(wallet)
    }
    const keys = wallets.map(({ privateKey }) => privateKey)
    return new Market({ contracts, programs, ground, customer }, keys, client)
  }

  /** Starts provers and validators, once the chain keeps time. */
  async start(): Promise<void> {
    PROVERS.forEach((name, index) => {
      const config = { ...CONFIG, proofDirectories: [this.ground.store], proofUri: NOWHERE }
      const role = { name, note: '', entry: WORKER, config }
      this.#daemons.push(startProver(role, this.ground, this.#keys[index] ?? ''))
    })
    const { memoryMiB } = CONFIG
    this.#daemons.push(...(await startValidators(this.ground, this.#keys.slice(PROVERS.length), JUDGES, { memoryMiB })))
  }

  /** Waits until all of them follow the chain. */
  async ready(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.ready(signal)))
  }

  /** Every workload that the customer has paid for, with the ids of its jobs in their order. */
  async paidFor(): Promise<readonly PaidBundle[]> {
    const store = new DirectoryStore(this.ground.store)
    const options = { maxBytes: 2 ** 20 }
    const bundles: PaidBundle[] = []
    for await (const event of readEvents(this.contracts, { names: ['Submitted'] })) {
      if (event.name !== 'Submitted' || event.args.requester !== this.customer.address) continue
      const { files } = parseInputsManifest(await store.get(event.args.inputs, options))
      const statement = files.find(({ name }) => name === 'public_inputs')
      if (statement === undefined) throw new Error('a workload without a statement')
      const jobs = readStatement(await store.get(digestFromHex(statement.sha256), options))
      bundles.push({ workload: event.args.workload, jobs })
    }
    return bundles
  }

  /** Waits until each of these workloads has a verdict and is settled. @returns They as they ended. */
  async final(bundles: readonly PaidBundle[], signal: AbortSignal): Promise<readonly FinalWorkload[]> {
    for (const end = Date.now() + VERDICT_PATIENCE_MS; ; await sleep(1000, undefined, { signal })) {
      const workloads = await Promise.all(bundles.map(({ workload }) => this.#reader.getWorkload({ workload })))
      const final = workloads.filter((one): one is FinalWorkload => 'paid' in one)
      if (final.length === bundles.length) return final
      if (Date.now() < end) continue
      const open = workloads.filter((one) => !('paid' in one)).map(({ workload, status }) => `${workload} ${status}`)
      throw new Error(`workloads are not settled: ${open.join(', ')}`)
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.stop()))
  }
}

/** A workload, and the jobs that it was to prove. */
export interface PaidBundle {
  readonly workload: WorkloadId
  readonly jobs: readonly string[]
}

/** A workload that is settled. */
export type FinalWorkload = Extract<Workload, Ledger>

/** Reveal, committee and settlement, on a machine that has other things to do. */
const VERDICT_PATIENCE_MS = 10 * 60_000

const SEATS = 4
/** Validators of this machine find proofs in the directory itself; others would ask here. */
const NOWHERE = 'http://127.0.0.1:9/'
/** A program asks for more memory than a worker lends by itself. */
const CONFIG = { runtime: 'bubblewrap', claimOpen: true, keeper: true, memoryMiB: 2048 } as const
