/** A chain in this process: sends acts to the real contracts and says how they ended. */
import {
  HDNodeWallet,
  Interface,
  MaxUint256,
  TypedDataEncoder,
  ZeroAddress,
  ZeroHash,
  hexlify,
  id as hashOf,
  keccak256,
  parseEther,
  sha256,
  toBeHex,
} from 'ethers'
import type { BaseContract, Provider, TransactionReceipt } from 'ethers'
import { network } from 'hardhat'

import { creationCode } from '../../programs/support/solc.js'
import { ACCESS_LISTS } from '../../sdk/src/chain/names.js'
import { commitmentOf, connect, decodeEvent, deploymentOf, readPin, specOf } from '../../sdk/src/chain/index.js'
import type { CommitmentParts, Contracts, GevulotEvent, Hex, Pin, ProgramId, Spec } from '../../sdk/src/chain/index.js'
import { deploy } from '../../sdk/src/deploy/deploy.js'
import type { Call, Target } from './acts/call.js'
import { BatchedReads } from './BatchedReads.js'
import { CHECKED, PARAMETERS, PLAIN, rulesOf } from './parameters.js'
import type { Asked, Program } from './protocol/market.js'
import type { Permit } from './protocol/balances.js'
import type { Account, Rules } from './protocol/state.js'

/** More than any act needs; an act that runs out of gas is an error of the test. */
const GAS = 8_000_000n
const PACKAGES = { prover: hashOf('prover'), verifierProgram: hashOf('verifier') }
const PUBLIC_INPUTS = hexlify(new Uint8Array(64).fill(0x11))
const OTHER_INPUTS = hexlify(new Uint8Array(64).fill(0x12))
const VERIFIERS = 'test/support/solidity/Verifiers.sol'
const READER = 'test/support/solidity/Reader.sol'

/** How an act ended: its events and the items of a batch that failed, or the name of the error it reverted with. */
export type Ending =
  { readonly events: readonly GevulotEvent[]; readonly failed: readonly Failure[] } | { readonly error: string }

/** An item of a batch that failed: its place, or the nonce of its action. */
export interface Failure {
  readonly item: number
  readonly error: string
}

/** What an account signs for the relay. */
export interface ActionFields {
  readonly from: Account
  readonly target: Target
  readonly gas: number
  readonly nonce: number
  readonly deadline: number
  readonly data: string
}

/** An action as the relay takes it. */
export interface SignedAction {
  readonly action: Omit<ActionFields, 'target'> & { readonly target: string }
  readonly signature: string
}

const ACTION = {
  Action: [
    { name: 'from', type: 'address' },
    { name: 'target', type: 'address' },
    { name: 'gas', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
    { name: 'data', type: 'bytes' },
  ],
}

/** A workload on the chain. */
export interface Submitted {
  readonly id: Hex
  readonly spec: Spec
}

/** A program as it is deployed; without a contract a committee judges. */
function specOfProgram(verifier: string, of: number, bindsProver: boolean) {
  return { ...PACKAGES, verifier, verifierGas: verifier === ZeroAddress ? 0 : 200_000, class: of, bindsProver }
}

/** A program that is deployed. */
interface Deployed extends Program {
  readonly id: string
  readonly pin: Pin
}

const PERMIT = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
}

const VERDICT = {
  Verdict: [
    { name: 'workload', type: 'bytes32' },
    { name: 'attempt', type: 'uint256' },
    { name: 'proofs', type: 'bytes32' },
    { name: 'valid', type: 'uint256' },
  ],
}

const { ethers, networkHelpers: helpers } = await network.create()
type Signer = Awaited<ReturnType<typeof ethers.getSigners>>[number]
/** The accounts of the test network. */
const PHRASE = 'test test test test test test test test test test test junk'

/** The contracts with a handful of accounts. Every act is a block of its own, at a second of the test's choice. */
export class World {
  readonly contracts: Contracts
  /** The same, to be read many at a time. */
  readonly views: Contracts
  readonly jobs: Submitted[] = []
  /** Accounts with tokens; accounts that are submitter keys and have none; one that has nothing to do with any of it. */
  readonly addresses: readonly Account[]
  readonly keys: readonly Account[]
  readonly stranger: Account
  readonly owner: Account
  readonly #signers: ReadonlyMap<Account, Signer>
  readonly #wallets: ReadonlyMap<Account, HDNodeWallet>
  readonly programs: readonly Deployed[]
  /** Puzzle of the class with one. */
  readonly puzzle: string
  readonly #errors: Interface
  readonly #hashes = new Map<number, string>()

  private constructor(
    contracts: Contracts,
    views: Contracts,
    signers: readonly Signer[],
    count: number,
    programs: readonly Deployed[],
    puzzle: string,
  ) {
    this.puzzle = puzzle
    this.contracts = contracts
    this.views = views
    this.programs = programs
    this.#signers = new Map(signers.map((signer) => [signer.address, signer]))
    const phrase = HDNodeWallet.fromPhrase(PHRASE, undefined, "m/44'/60'/0'/0")
    const wallets = signers.map((_, index) => phrase.deriveChild(index))
    this.#wallets = new Map(wallets.map((wallet) => [wallet.address, wallet]))
    const addresses = signers.map(({ address }) => address)
    this.owner = addresses[0]!
    this.addresses = addresses.slice(1, count + 1)
    this.keys = addresses.slice(count + 1, count + 3)
    this.stranger = addresses[count + 3]!
    const { market, registry, token, relay, qualification, rewards, committee } = contracts
    const all = [market, registry, token, relay, qualification, rewards, committee] as readonly BaseContract[]
    this.#errors = new Interface(all.flatMap((c) => c.interface.fragments.filter(({ type }) => type === 'error')))
  }

  /** Deploys everything; `purse` tokens go to each of `count` accounts. */
  static async create(count: number, purse: bigint): Promise<World> {
    const signers = await ethers.getSigners()
    const owner = signers[0]!
    const deployment = deploymentOf(await deploy({ owner, network: 'model', parameters: PARAMETERS }))
    const contracts = await connect(deployment, owner)
    const { market, registry, token, rewards, committee } = contracts
    for (const account of signers.slice(1, count + 1)) {
      await token.transfer(account, purse)
      for (const contract of [market, registry, rewards, committee]) {
        await token.connect(account).approve(contract, MaxUint256)
      }
    }
    const deployed = async (spec: ReturnType<typeof specOfProgram>, number: number): Promise<Deployed> => {
      const id = await market.deployProgram.staticCall(spec, '')
      await market.deployProgram(spec, '')
      const pin = await readPin(contracts, id as ProgramId)
      return { id, pin, number, class: spec.class, binding: spec.bindsProver, judged: spec.verifier === ZeroAddress }
    }
    const verified = async (number: number, verifier: string, of: number, binding: boolean): Promise<Deployed> => {
      const data = hexlify(creationCode(VERIFIERS, verifier))
      const { contractAddress } = (await (await owner.sendTransaction({ data })).wait())!
      return deployed(specOfProgram(contractAddress!, of, binding), number)
    }
    await market.admit(ACCESS_LISTS.indexOf('Deployers'), owner, true)
    const reader = await owner.sendTransaction({ data: hexlify(creationCode(READER, 'Reader')) })
    const { contractAddress } = (await reader.wait())!
    const views = await connect(deployment, new BatchedReads(contracts.provider, contractAddress!))
    const programs = [
      await verified(0, 'ContentVerifier', PLAIN, false),
      await verified(1, 'BindingVerifier', PLAIN, true),
      await verified(2, 'ContentVerifier', CHECKED, false),
      await deployed(specOfProgram(ZeroAddress, PLAIN, false), 3),
    ]
    const { puzzle } = await contracts.qualification.policyOf(1)
    return new World(contracts, views, signers, count, programs, puzzle)
  }

  /** What the model is told of the network. */
  async rules(): Promise<Rules> {
    const { registry, rewards, chainId, addresses } = this.contracts
    const genesis = Number(await registry.genesis())
    const rewardsGenesis = Number(await rewards.genesis())
    return rulesOf({ genesis, rewardsGenesis, chainId, qualification: addresses.qualification, owner: this.owner })
  }

  /** Second from which the first check of a class may be opened. */
  async firstCheckAt(of: number): Promise<number> {
    return Number((await this.contracts.qualification.scheduleOf(of)).nextAt)
  }

  /** A program of the test beyond {@link programs}; number 0 lacks its prover. */
  variant(number: number) {
    const prover = number === 0 ? ZeroHash : hashOf(`prover ${number}`)
    return { ...specOfProgram(ZeroAddress, PLAIN, false), prover }
  }

  get #provider(): Provider {
    return this.contracts.provider
  }

  /** Time and number of the newest block. */
  async head(): Promise<{ readonly now: number; readonly block: number }> {
    const { timestamp, number, hash } = (await this.#provider.getBlock('latest'))!
    this.#hashes.set(number, hash!)
    return { now: timestamp, block: number }
  }

  /** The value of a beacon round for a transaction in block `block`. */
  randomness(round: number, block: number): string | undefined {
    return block > round ? this.#hashes.get(round) : undefined
  }

  /** Mines empty blocks. */
  async mine(blocks: number): Promise<void> {
    for (let i = 0; i < blocks; i += 1) {
      await helpers.mine()
      await this.head()
    }
  }

  /** The data of a call. */
  dataOf({ target, name, args }: Pick<Call, 'target' | 'name' | 'args'>): string {
    const { interface: abi } = this.contracts[target] as BaseContract
    // Contracts among the arguments stand for their addresses.
    const plain = args.map((arg) => (arg instanceof ethers.BaseContract ? arg.target : arg))
    return abi.encodeFunctionData(name, plain)
  }

  /** Sends a call in a block at second `at`. */
  async send(call: Pick<Call, 'target' | 'name' | 'args'> & { readonly sender: Account }, at: number): Promise<Ending> {
    const data = this.dataOf(call)
    await helpers.time.setNextBlockTimestamp(at)
    let receipt: TransactionReceipt | null
    try {
      const to = this.contracts.addresses[call.target]
      const sent = await this.#signers.get(call.sender)!.sendTransaction({ to, data, gasLimit: GAS })
      receipt = await sent.wait()
    } catch (error) {
      return { error: this.#errorOf(error) }
    }
    const { logs } = receipt!
    const events = logs.flatMap((log) => decodeEvent(this.contracts, log) ?? [])
    return { events, failed: logs.flatMap((log) => this.#failureOf(log) ?? []) }
  }

  #failureOf(log: TransactionReceipt['logs'][number]): Failure | undefined {
    const { market, relay } = this.contracts
    const parsed = market.interface.parseLog(log) ?? relay.interface.parseLog(log)
    if (parsed?.name !== 'ItemFailed' && parsed?.name !== 'ActionFailed') return undefined
    const { index, nonce, reason } = parsed.args as unknown as { index?: bigint; nonce?: bigint; reason: string }
    return { item: Number(index ?? nonce), error: this.#nameOf(reason) }
  }

  #errorOf(error: unknown): string {
    const data = (error as { readonly data?: unknown }).data
    if (typeof data !== 'string') throw error
    return this.#nameOf(data)
  }

  #nameOf(data: string): string {
    const parsed = this.#errors.parseError(data)
    if (parsed === null) throw new Error(`an error that no contract declares: ${data}`)
    return parsed.name
  }

  /** Signs an action with the key of `signer`. */
  async sign(signer: Account, { target, ...fields }: ActionFields): Promise<SignedAction> {
    const { addresses, chainId } = this.contracts
    const action = { ...fields, target: addresses[target] }
    const domain = { name: 'Gevulot Relay', version: '1', chainId, verifyingContract: addresses.relay }
    const digest = TypedDataEncoder.hash(domain, ACTION, action)
    return { action, signature: this.#wallets.get(signer)!.signingKey.sign(digest).serialized }
  }

  /** A verdict signed with the key of `signer`, as the committee takes it. */
  ballot(signer: Account, job: number, attempt: number, proofs: string, member: number, valid: ReadonlySet<number>) {
    const { addresses, chainId } = this.contracts
    const domain = { name: 'Gevulot Committee', version: '1', chainId, verifyingContract: addresses.committee }
    const bits = [...valid].reduce((sum, order) => sum + 2 ** order, 0)
    const message = { workload: this.jobs[job]!.id, attempt, proofs, valid: bits }
    const digest = TypedDataEncoder.hash(domain, VERDICT, message)
    const { r, yParityAndS: vs } = this.#wallets.get(signer)!.signingKey.sign(digest)
    return { member, valid: bits, r, vs }
  }

  /** A permit of `owner` for the market, signed with the key of `signer`. */
  permit(signer: Account, owner: Account, { amount: value, nonce, deadline }: Omit<Permit, 'isSigned'>) {
    const { addresses, chainId } = this.contracts
    const domain = { name: 'Gevulot', version: '1', chainId, verifyingContract: addresses.token }
    const message = { owner, spender: addresses.market, value, nonce, deadline }
    return this.#wallets.get(signer)!.signingKey.sign(TypedDataEncoder.hash(domain, PERMIT, message))
  }

  /** What a verification is passed of the program of a workload; a wrong one names another verifier contract. */
  pin(job: number, right: boolean): Pin {
    const { pin } = this.programs.find(({ id }) => id === this.jobs[job]!.spec.program)!
    return right ? pin : { ...pin, verifier: pin.verifier ^ 1n }
  }

  /** The request for a workload. */
  request(asked: Asked) {
    const { fee, maxRunTime, redundancy, rescue, nonce, program } = asked
    return {
      program: (program as Deployed).id,
      inputs: hashOf('inputs'),
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
      this.#hashes.clear()
    }
  }
}

/** Tokens each account starts with. */
export const PURSE = parseEther('20000')
