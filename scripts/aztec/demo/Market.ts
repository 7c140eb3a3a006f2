import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { parseEther, type HDNodeWallet } from 'ethers'

import { connect, deploymentOf, readEvents, type Contracts, type ProgramId } from '../../../sdk/src/chain/index.js'
import { createClient } from '../../../sdk/src/client/index.js'
import { digestFromHex } from '../../../sdk/src/content/digest.js'
import { DirectoryStore } from '../../../sdk/src/content/index.js'
import { parseInputsManifest } from '../../../sdk/src/content/InputsManifest.js'
import { readStatement } from '../../../sdk/src/aztec/index.js'
import { deploy, writeDeploymentRecord } from '../../../sdk/src/deploy/deploy.js'
import { devnet, type Parameters } from '../../../sdk/src/deploy/parameters.js'
import type { DaemonProcess } from '../../demo/DaemonProcess.js'
import { equip } from '../../demo/equip.js'
import type { LocalChain } from '../../demo/LocalChain.js'
import { startProver, type ProverGround } from '../../demo/provers.js'
import { stakeSeats } from '../../demo/qualification.js'
import { buildReleasePackages } from '../../../programs/aztec-jobs/release/build.js'
import { ACCOUNTS } from './accounts.js'

/** Enough to answer for provers that share two cores with a sequencer. */
const PARAMETERS: Parameters = {
  ...devnet,
  epochLength: 10,
  rules: { ...devnet.rules, responseWindow: 60, silenceWindow: 120, revealDelay: 1, revealWindow: 60 },
}
const PROVERS = ['alice', 'bob'] as const
const WORKER = 'sdk/dist/worker/main.js'

/** Our side: contracts, provers at work, a customer with tokens, the program. */
export class Market {
  readonly contracts: Contracts
  readonly program: ProgramId
  /** What a reader should know of the program. */
  readonly labels: readonly string[]
  readonly ground: ProverGround
  readonly customer: HDNodeWallet
  readonly #keys: readonly string[]
  readonly #provers: DaemonProcess[] = []

  private constructor(
    parts: Pick<Market, 'contracts' | 'program' | 'labels' | 'ground' | 'customer'>,
    keys: readonly string[],
  ) {
    this.contracts = parts.contracts
    this.program = parts.program
    this.labels = parts.labels
    this.ground = parts.ground
    this.customer = parts.customer
    this.#keys = keys
  }

  /** Deploys everything on a chain that mines at once. @param packages Folder of Aztec's packages. */
  static async deploy(chain: LocalChain, directory: string, packages: string): Promise<Market> {
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
    const { prover, verifier } = await buildReleasePackages({ store, packages })
    const { program } = await (
      await createClient({ deployment, signer: owner, store, pollMs: 50 })
    ).deployProgram({
      prover: prover.digest,
      verifierProgram: verifier.digest,
    })
    const customer = chain.wallet(ACCOUNTS.customer)
    await chain.fund(customer.address)
    await (await contracts.token.transfer(customer.address, parseEther('1000'))).wait()
    const wallets = PROVERS.map((_, index) => chain.wallet(ACCOUNTS.provers + index))
    for (const wallet of wallets) {
      await equip(chain, contracts, wallet, SEATS)
      await stakeSeats(contracts, wallet, SEATS)
    }
    const keys = wallets.map(({ privateKey }) => privateKey)
    return new Market({ contracts, program, labels: prover.manifest.labels, ground, customer }, keys)
  }

  /** Starts the provers, once the chain keeps time. */
  start(): void {
    PROVERS.forEach((name, index) => {
      const role = { name, note: '', entry: WORKER, config: CONFIG }
      this.#provers.push(startProver(role, this.ground, this.#keys[index] ?? ''))
    })
  }

  /** Waits until the provers follow the chain. */
  async ready(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#provers.map((prover) => prover.ready(signal)))
  }

  /** The ids of the jobs in every workload that the customer has paid for, each workload's in its order. */
  async paidFor(): Promise<readonly (readonly string[])[]> {
    const store = new DirectoryStore(this.ground.store)
    const options = { maxBytes: 2 ** 20 }
    const bundles: (readonly string[])[] = []
    for await (const event of readEvents(this.contracts, { names: ['Submitted'] })) {
      if (event.name !== 'Submitted' || event.args.requester !== this.customer.address) continue
      const { files } = parseInputsManifest(await store.get(event.args.inputs, options))
      const statement = files.find(({ name }) => name === 'public_inputs')
      if (statement === undefined) throw new Error('a workload without a statement')
      bundles.push(readStatement(await store.get(digestFromHex(statement.sha256), options)))
    }
    return bundles
  }

  async stop(): Promise<void> {
    await Promise.all(this.#provers.map((prover) => prover.stop()))
  }
}

const SEATS = 4
/** The program asks for more memory than a worker lends by itself. */
const CONFIG = { runtime: 'bubblewrap', claimOpen: true, keeper: true, memoryMiB: 2048 } as const
