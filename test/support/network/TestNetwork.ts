import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { hexlify, parseEther, randomBytes, type Wallet } from 'ethers'

import { deploy, deployContract, writeDeploymentRecord } from '../../../sdk/src/deploy/deploy.js'
import { devnet, type Parameters } from '../../../sdk/src/deploy/parameters.js'
import {
  connect,
  deploymentOf,
  readEvents,
  type Address,
  type CommitteeEvent,
  type Contracts,
  type ProgramId,
  type WorkloadEvent,
  type WorkloadId,
} from '../../../sdk/src/chain/index.js'
import { createClient, DirectoryInbox, type GevulotClient } from '../../../sdk/src/client/index.js'
import { buildPackage, DirectoryStore, type Digest, type PackageSpec } from '../../../sdk/src/content/index.js'
import { generateDeliveryKey } from '../../../sdk/src/crypto/index.js'
import { compileGuest } from '../guests/compile.js'
import { removeDirectory } from '../removeDirectory.js'
import { TestAccount } from '../TestAccount.js'
import { TestChain } from './TestChain.js'
import { WorkerProcess } from './WorkerProcess.js'

/** Short windows: a whole life of a workload takes seconds. */
export const FAST: Parameters = {
  ...devnet,
  // Three of them are left for the draw; a busy machine needs some seconds to start a worker.
  epochLength: 10,
  rules: { ...devnet.rules, responseWindow: 10, silenceWindow: 120, revealDelay: 1, revealWindow: 30 },
}

/** Room for what is held up, on a machine that has much else to do too: where it is tested that nothing is lost, not how fast it is made up for. */
export const ROOMY: Parameters = {
  ...FAST,
  epochLength: 60,
  rules: { ...FAST.rules, responseWindow: 60, silenceWindow: 600, revealWindow: 300 },
}

/** {@link FAST}, with time to draw and to answer on a machine that has much else to do: for tests that wait for a failure, not for a window to pass. */
export const PATIENT: Parameters = { ...FAST, epochLength: 60, rules: { ...FAST.rules, responseWindow: 15 } }

/** What is told of a workload: by the market, and by its committees. */
type Told = WorkloadEvent | Extract<CommitteeEvent, { readonly args: { readonly workload: WorkloadId } }>

/** An operator with its seats. */
export interface Operator {
  readonly wallet: Wallet
  readonly seats: readonly number[]
  /** Its worker's own files: key, configuration, data. */
  readonly directory: string
}

/** A whole network on this machine: chain, contracts, content, a requester, and operators with worker processes. */
export class TestNetwork {
  readonly chain: TestChain
  readonly directory: string
  readonly deploymentPath: string
  readonly contracts: Contracts
  readonly requester: GevulotClient
  readonly verifier: string
  readonly workers: WorkerProcess[] = []
  readonly #guests = new Map<string, string>()

  private constructor(
    parts: Pick<TestNetwork, 'chain' | 'directory' | 'deploymentPath' | 'contracts' | 'requester' | 'verifier'>,
  ) {
    this.chain = parts.chain
    this.directory = parts.directory
    this.deploymentPath = parts.deploymentPath
    this.contracts = parts.contracts
    this.requester = parts.requester
    this.verifier = parts.verifier
  }

  /**
   * Starts a chain and deploys everything; blocks come every second from then on.
   * @param time Unix time of the chain's first block; the present by default.
   */
  static async start(parameters: Parameters = FAST, time?: number): Promise<TestNetwork> {
    const chain = await TestChain.start(undefined, time)
    const directory = await mkdtemp(join(tmpdir(), 'gevulot-network-'))
    const owner = chain.wallet(0)
    const record = await deploy({ owner, network: 'test', parameters })
    const deploymentPath = writeDeploymentRecord(record, directory)
    const { address: verifier } = await deployContract(owner, 'HashcashVerifier')
    const deployment = deploymentOf(record)
    const requester = await createClient({
      deployment,
      signer: owner,
      store: new DirectoryStore(join(directory, 'content')),
      inbox: new DirectoryInbox(join(directory, 'inbox'), deployment),
      deliveryKey: generateDeliveryKey(),
      pollMs: 200,
    })
    await requester.deposit({ amount: parseEther('100000') })
    const contracts = await connect(deployment, owner)
    const parts = { chain, directory, deploymentPath, contracts, requester, verifier }
    return new TestNetwork(parts)
  }

  /** Stops all workers and the chain and removes all files. */
  async stop(): Promise<void> {
    for (const worker of this.workers) await worker.kill()
    await this.chain.stop()
    await removeDirectory(this.directory)
  }

  /** Deploys a program made of one of the guests beside `compile.ts`. */
  async deployGuest(
    guest: string,
    args: readonly string[] = [],
    resources: Partial<PackageSpec['resources']> = {},
    {
      verifier = this.verifier,
      verifierGas = 200_000,
    }: { readonly verifier?: string; readonly verifierGas?: number } = {},
  ): Promise<ProgramId> {
    const prover = await this.#pack(guest, 'prove', args, resources)
    const { program } = await this.requester.deployProgram({ prover, verifier: verifier as Address, verifierGas })
    return program
  }

  /** Deploys a program whose proofs a committee judges: guests with their arguments, `hashcash` by default. */
  async deployJudged(
    [proverGuest, ...proverArgs]: readonly string[] = ['hashcash'],
    [verifierGuest, ...verifierArgs]: readonly string[] = ['hashverify'],
  ): Promise<ProgramId> {
    const [prover, verifierProgram] = [
      await this.#pack(proverGuest ?? '', 'prove', proverArgs),
      await this.#pack(verifierGuest ?? '', 'verify', verifierArgs),
    ]
    const { program } = await this.requester.deployProgram({ prover, verifierProgram })
    return program
  }

  async #pack(
    guest: string,
    role: 'prove' | 'verify',
    args: readonly string[],
    resources: Partial<PackageSpec['resources']> = {},
  ): Promise<Digest> {
    const elf = this.#guests.get(guest) ?? compileGuest(guest, this.directory)
    this.#guests.set(guest, elf)
    const { digest } = await buildPackage(
      {
        name: `${guest}-${args[0] ?? 'plain'}`,
        role,
        argv: [`/app/${guest}`, ...args],
        resources: { cores: 1, memoryMiB: 64, outputMiB: 1, ...resources },
        files: [{ path: guest, source: elf, executable: true }],
      },
      new DirectoryStore(join(this.directory, 'content')),
    )
    return digest
  }

  /** Makes an operator with bonded seats, drawable at once; without any it can still be a keeper. */
  async addOperator(name: string, seats = 1, hardwareClass = 1): Promise<Operator> {
    const wallet = new TestAccount(hexlify(randomBytes(32)), this.chain.provider)
    await this.chain.provider.send('anvil_setBalance', [wallet.address, `0x${(10n ** 20n).toString(16)}`])
    const first = seats === 0 ? 0 : await this.#stake(wallet, seats, hardwareClass)
    const directory = join(this.directory, name)
    await mkdir(directory, { recursive: true })
    await writeFile(join(directory, 'key'), wallet.privateKey, { mode: 0o600 })
    return { wallet, directory, seats: Array.from({ length: seats }, (_, index) => first + index) }
  }

  /** Makes an operator with seats of the validators' class. */
  async addValidator(name: string, seats = 1): Promise<Operator> {
    return this.addOperator(name, seats, Number(await this.contracts.committee.validatorClass()))
  }

  async #stake(wallet: Wallet, seats: number, hardwareClass: number): Promise<number> {
    const { token, registry } = this.contracts
    const bond = parseEther('1000') * BigInt(seats)
    await (await registry.admit(wallet.address, true)).wait()
    await (await token.transfer(wallet.address, bond)).wait()
    await (await token.connect(wallet).approve(registry, bond)).wait()
    const first = Number(await registry.connect(wallet).stake.staticCall(hardwareClass, seats, 0))
    await (await registry.connect(wallet).stake(hardwareClass, seats, 0)).wait()
    // Seats count from the next epoch on.
    await this.chain.provider.send('evm_increaseTime', [2 * Number(await registry.epochLength())])
    await this.chain.mine()
    return first
  }

  /** Writes the configuration of an operator's worker; returns its path. */
  async configure(operator: Operator, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const path = join(operator.directory, 'config.json')
    const config = {
      rpcUrl: this.chain.url,
      deployment: this.deploymentPath,
      keyFile: join(operator.directory, 'key'),
      dataDirectory: join(operator.directory, 'data'),
      contentDirectories: [join(this.directory, 'content')],
      inboxes: [join(this.directory, 'inbox')],
      runtime: 'bubblewrap',
      keeper: true,
      keeperSpreadSeconds: 0,
      pollMs: 200,
      confirmations: 1,
      safetySeconds: 2,
      bumpSeconds: 5,
      logLevel: 'debug',
      ...changes,
    }
    await writeFile(path, JSON.stringify(config))
    return path
  }

  /** Starts an operator's worker as a process of its own. */
  async startWorker(
    operator: Operator,
    changes: Readonly<Record<string, unknown>> = {},
    entry?: string,
  ): Promise<WorkerProcess> {
    const worker = WorkerProcess.start(await this.configure(operator, changes), entry)
    this.workers.push(worker)
    return worker
  }

  /** Writes the configuration of a runner, which has neither key nor chain; returns its path. */
  async configureRunner(name: string, changes: Readonly<Record<string, unknown>>): Promise<string> {
    const path = join(this.directory, `runner-${name}.json`)
    const config = {
      roles: ['runner'],
      runnerName: name,
      dataDirectory: join(this.directory, `runner-${name}`),
      contentDirectories: [join(this.directory, 'content')],
      runtime: 'bubblewrap',
      logLevel: 'debug',
      ...changes,
    }
    await writeFile(path, JSON.stringify(config))
    return path
  }

  /** Starts a runner as a process of its own. */
  async startRunner(name: string, changes: Readonly<Record<string, unknown>>): Promise<WorkerProcess> {
    const runner = WorkerProcess.start(await this.configureRunner(name, changes))
    this.workers.push(runner)
    return runner
  }

  /** Starts a validator as a process of its own. */
  async startValidator(
    operator: Operator,
    changes: Readonly<Record<string, unknown>> = {},
    entry = 'sdk/src/validator/main.ts',
    args: readonly string[] = [],
  ): Promise<WorkerProcess> {
    const path = join(operator.directory, 'validator.json')
    const config = {
      rpcUrl: this.chain.url,
      deployment: this.deploymentPath,
      keyFile: join(operator.directory, 'key'),
      dataDirectory: join(operator.directory, 'validator'),
      contentDirectories: [join(this.directory, 'content')],
      listen: '127.0.0.1:0',
      runtime: 'bubblewrap',
      pollMs: 200,
      bumpSeconds: 5,
      logLevel: 'debug',
      ...changes,
    }
    await writeFile(path, JSON.stringify(config))
    const validator = WorkerProcess.start(path, entry, args)
    this.workers.push(validator)
    return validator
  }

  /** Submits a workload about fresh public inputs. */
  async submit(program: ProgramId, options: { redundancy?: number; maxRunTime?: number } = {}): Promise<WorkloadId> {
    const { workload } = await this.requester.submit({
      program,
      inputs: { files: { public_inputs: randomBytes(32) } },
      fee: parseEther('20'),
      maxRunTime: options.maxRunTime ?? 60,
      redundancy: options.redundancy ?? 1,
    })
    return workload
  }

  /** The events of a workload so far. */
  async eventsOf(workload: WorkloadId): Promise<WorkloadEvent[]> {
    const events: WorkloadEvent[] = []
    for await (const event of readEvents(this.contracts, { workload })) {
      if ('workload' in event.args) events.push(event as WorkloadEvent)
    }
    return events
  }

  /** Waits until the workload has an event that passes, and returns it. */
  async until<Name extends Told['name']>(
    workload: WorkloadId,
    name: Name,
    seconds = 240,
  ): Promise<Extract<Told, { readonly name: Name }>> {
    const end = Date.now() + seconds * 1000
    for (;;) {
      const events: readonly Told[] = await this.eventsOf(workload)
      const found = events.find((event): event is Extract<Told, { readonly name: Name }> => event.name === name)
      if (found !== undefined) return found
      if (Date.now() > end) {
        const logs = this.workers.map((worker) => worker.tail()).join('\n---\n')
        throw new Error(`no ${name} in ${seconds} s; events: ${events.map((event) => event.name).join(' ')}\n${logs}`)
      }
      await sleep(200)
    }
  }
}
