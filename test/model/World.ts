/** A chain in this process: sends acts to the real contracts and says how they ended. */
import { Interface, MaxUint256, hexlify, id as hashOf, keccak256, parseEther, sha256, toBeHex, ZeroHash } from 'ethers'
import type { BaseContract, Provider, Signer, TransactionReceipt } from 'ethers'
import { network } from 'hardhat'

import { creationCode } from '../../programs/support/solc.js'
import { deploy } from '../../sdk/src/deploy/deploy.js'
import { standard, type Parameters } from '../../sdk/src/deploy/parameters.js'
import { ACCESS_LISTS } from '../../sdk/src/chain/names.js'
import { commitmentOf, connect, decodeEvent, deploymentOf, specOf } from '../../sdk/src/chain/index.js'
import type { CommitmentParts, Contracts, GevulotEvent, Hex, Spec } from '../../sdk/src/chain/index.js'
import type { Asked } from './market.js'
import type { Rules } from './state.js'

/** A block is a step of a sequence, so rounds are blocks. */
const BEACON = { kind: 'blockhash', lag: 3 } as const
/** Small windows, so that sequences meet their edges; the epoch is short, so that draws run out of time. */
export const PARAMETERS: Parameters = {
  ...standard,
  openLists: ACCESS_LISTS,
  beacon: BEACON,
  epochLength: 60,
  rules: {
    ...standard.rules,
    responseWindow: 20,
    silenceWindow: 300,
    revealDelay: 5,
    revealWindow: 40,
    cancelDelay: 15,
  },
}
const GWEI = 1_000_000_000n
/** More than any act needs; an act that runs out of gas is an error of the test. */
const GAS = 8_000_000n
const PUBLIC_INPUTS = hexlify(new Uint8Array(64).fill(0x11))
const OTHER_INPUTS = hexlify(new Uint8Array(64).fill(0x12))
const VERIFIERS = 'test/support/solidity/Verifiers.sol'

/** How an act ended: its events, or the name of the error it reverted with. */
export type Ending = { readonly events: readonly GevulotEvent[] } | { readonly error: string }

/** A workload on the chain. */
export interface Submitted {
  readonly id: Hex
  readonly spec: Spec
}

/** A program whose proofs anyone could show, and one whose proofs name their prover. */
interface Programs {
  readonly plain: string
  readonly binding: string
}

const { ethers, networkHelpers: helpers } = await network.create()
type Account = Awaited<ReturnType<typeof ethers.getSigners>>[number]

/** The contracts with a handful of accounts. Every act is a block of its own, at a second of the test's choice. */
export class World {
  readonly contracts: Contracts
  readonly accounts: readonly Account[]
  readonly jobs: Submitted[] = []
  readonly #programs: Programs
  readonly #errors: Interface

  private constructor(contracts: Contracts, accounts: readonly Account[], programs: Programs) {
    this.contracts = contracts
    this.accounts = accounts
    this.#programs = programs
    const all = [contracts.market, contracts.registry, contracts.token] as readonly BaseContract[]
    this.#errors = new Interface(all.flatMap((c) => c.interface.fragments.filter(({ type }) => type === 'error')))
  }

  /** Deploys everything; `purse` tokens go to each of `count` accounts, all of which may stake. */
  static async create(count: number, purse: bigint): Promise<World> {
    const signers = await ethers.getSigners()
    const owner = signers[0]!
    const accounts = signers.slice(1, count + 1)
    const contracts = await connect(
      deploymentOf(await deploy({ owner, network: 'model', parameters: PARAMETERS })),
      owner,
    )
    const { market, registry, token } = contracts
    for (const account of accounts) {
      await token.transfer(account, purse)
      await token.connect(account).approve(market, MaxUint256)
      await token.connect(account).approve(registry, MaxUint256)
      await registry.admit(account, true)
    }
    const program = async (verifier: string, bindsProver: boolean): Promise<string> => {
      const data = hexlify(creationCode(VERIFIERS, verifier))
      const { contractAddress } = (await (await owner.sendTransaction({ data })).wait())!
      const fields = { prover: hashOf('prover'), verifierProgram: hashOf('verifier'), verifier: contractAddress! }
      const spec = { ...fields, verifierGas: 200_000, class: 1, bindsProver }
      const programId = await market.deployProgram.staticCall(spec, '')
      await market.deployProgram(spec, '')
      return programId
    }
    const plain = await program('ContentVerifier', false)
    return new World(contracts, accounts, { plain, binding: await program('BindingVerifier', true) })
  }

  /** What the model is told of the network. */
  async rules(): Promise<Rules> {
    const { registry } = this.contracts
    const [terms] = PARAMETERS.classes
    const { rules } = PARAMETERS
    return {
      ...rules,
      baseBurnBps: BigInt(rules.baseBurnBps),
      assignBounty: BigInt(rules.assignBounty) * GWEI,
      settleBounty: BigInt(rules.settleBounty) * GWEI,
      minimumFee: BigInt(terms!.minimumFee) * GWEI,
      minimumRate: BigInt(terms!.minimumRate) * GWEI,
      bond: terms!.bond,
      slashBps: BigInt(terms!.slashBps),
      bountyBps: BigInt(terms!.bountyBps),
      declineQuota: terms!.declineQuota,
      epochLength: PARAMETERS.epochLength,
      cooldown: PARAMETERS.cooldown,
      beaconLag: BEACON.lag,
      genesis: Number(await registry.genesis()),
    }
  }

  get #provider(): Provider {
    return this.contracts.provider
  }

  /** Time and number of the newest block. */
  async head(): Promise<{ readonly now: number; readonly block: number }> {
    const { timestamp, number } = (await this.#provider.getBlock('latest'))!
    return { now: timestamp, block: number }
  }

  /** The value of a beacon round for a transaction in block `block`. */
  async randomness(round: number, block: number): Promise<string | undefined> {
    return block > round ? ((await this.#provider.getBlock(round))?.hash ?? undefined) : undefined
  }

  /** Mines empty blocks. */
  async mine(blocks: number): Promise<void> {
    await helpers.mine(blocks)
  }

  /** Sends a call in a block at second `at`. */
  async send(
    caller: Signer,
    target: BaseContract,
    name: string,
    args: readonly unknown[],
    at: number,
  ): Promise<Ending> {
    const data = target.interface.encodeFunctionData(name, args)
    await helpers.time.setNextBlockTimestamp(at)
    let receipt: TransactionReceipt | null
    try {
      const sent = await caller.sendTransaction({ to: await target.getAddress(), data, gasLimit: GAS })
      receipt = await sent.wait()
    } catch (error) {
      return { error: this.#errorOf(error) }
    }
    const logs = receipt!.logs
    return { events: logs.flatMap((log) => decodeEvent(this.contracts, log) ?? []) }
  }

  #errorOf(error: unknown): string {
    const data = (error as { readonly data?: unknown }).data
    const parsed = typeof data === 'string' ? this.#errors.parseError(data) : null
    if (parsed === null) throw error
    return parsed.name
  }

  /** The request for a workload. */
  request(asked: Asked, serial: number) {
    const { fee, maxRunTime, redundancy, rescue, nonce, binding } = asked
    return {
      program: binding ? this.#programs.binding : this.#programs.plain,
      inputs: hashOf(`inputs ${serial}`),
      publicInputs: keccak256(PUBLIC_INPUTS),
      deliveryKey: ZeroHash,
      ...{ fee, maxRunTime, redundancy, rescue, nonce },
      inputsUri: '',
    }
  }

  /** Remembers the workloads that an act submitted. */
  remember(events: readonly GevulotEvent[]): void {
    for (const event of events) {
      if (event.name === 'Submitted') this.jobs.push({ id: event.args.workload, spec: specOf(event.args) })
    }
  }

  /** A proof of a seat, with the salt and the public inputs that go with it. Bad ones differ in one respect each. */
  proof(job: number, seat: number, operator: string, binding: boolean, good: boolean) {
    const inputs = keccak256(PUBLIC_INPUTS)
    const bound = ethers.AbiCoder.defaultAbiCoder().encode(['bytes32', 'address'], [inputs, operator])
    const proof = good ? (binding ? keccak256(bound) : inputs) : hashOf(`no proof ${job} ${seat}`)
    const salt = toBeHex(BigInt(job) * 1_000n + BigInt(seat), 32) as Hex
    return { proof, salt, publicInputs: PUBLIC_INPUTS, otherInputs: OTHER_INPUTS }
  }

  /** The commitment to {@link proof}. */
  commitment(job: number, seat: number, operator: string, binding: boolean, good: boolean): bigint {
    const { proof, salt } = this.proof(job, seat, operator, binding, good)
    const proofDigest = sha256(proof) as CommitmentParts['proofDigest']
    return commitmentOf({ proofDigest, operator: operator as Hex, workload: this.jobs[job]!.id, seat, salt })
  }

  /** Goes back to the state of this moment. */
  async snapshot(): Promise<() => Promise<void>> {
    const snapshot = await helpers.takeSnapshot()
    return async () => {
      await snapshot.restore()
      this.jobs.length = 0
    }
  }
}

/** Tokens each account starts with. */
export const PURSE = parseEther('20000')
