import {
  AbiCoder,
  id,
  keccak256,
  MaxUint256,
  parseEther,
  randomBytes,
  hexlify,
  sha256,
  toBeHex,
  ZeroAddress,
} from 'ethers'
import type { ContractTransactionReceipt, ContractTransactionResponse, Signer } from 'ethers'
import { network } from 'hardhat'

import { commitmentOf, connect, decodeEvent, deploymentOf, readPin, specOf } from '../../sdk/src/chain/index.js'
import type { Contracts, GevulotEvent, Pin, ProgramId, Spec } from '../../sdk/src/chain/index.js'
import { QUICKNET } from '../../sdk/src/beacon/index.js'
import { deploy } from '../../sdk/src/deploy/deploy.js'
import { standard, type BeaconParameters } from '../../sdk/src/deploy/parameters.js'
import { ACCESS_LISTS } from '../../sdk/src/chain/names.js'

/** A workload with its spec. */
export interface Workload {
  readonly id: string
  readonly spec: Spec
}

/** A seat that holds a slot. */
export interface DrawnSeat {
  readonly seat: number
  readonly operator: Signer
}

/** Gas of a mined transaction and the events it emitted. */
export interface Mined {
  readonly gas: number
  readonly events: readonly GevulotEvent[]
}

/** Answers every call with the word 1: PUSH1 1, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN, behind a ten-byte constructor. */
const ALWAYS_VALID = '0x600a600c600039600a6000f3600160005260206000f3'
const OPERATORS = 16
/** Rounds that a local chain has. */
const BLOCKS: BeaconParameters = { kind: 'blockhash', lag: 3 }
/** Slot of the mapping of drand's values, two a word, in deployments/snapshots/DrandBeacon.json. */
const DRAND_SLOT = 1
/** Slot of the mapping of seats' words, four a seat, in deployments/snapshots/Market.json. */
const WORDS_SLOT = 11
const WORDS_A_SEAT = 4
/** Tag of a workload that is not there: a freed word still has its last one's. */
const FORMER_TAG = 1n << 160n
/** State of a slot whose seat is at work. */
const ASSIGNED = 1n << 224n
/** Room for a batch of 32 or a stake of 50 seats, inside a block. */
const BATCH_GAS = { gasLimit: 15_000_000 }
/** Run time of every workload, in seconds. */
export const RUN_SECONDS = 3600

const connection = await network.create()
const { networkHelpers: helpers } = connection

/** Waits for a transaction. */
async function mined(contracts: Contracts, sent: Promise<ContractTransactionResponse>): Promise<Mined> {
  const receipt: ContractTransactionReceipt | null = await (await sent).wait()
  if (receipt === null) throw new Error('a transaction was not mined')
  const events = receipt.logs.flatMap((log) => decodeEvent(contracts, log) ?? [])
  return { gas: Number(receipt.gasUsed), events }
}

/** A network in one process, with the parameters of a real one and a mock verifier, for measuring gas. */
export class Network {
  static readonly #publicInputs = hexlify(randomBytes(64))
  static readonly #proof = hexlify(randomBytes(256))
  static readonly #salt = id('salt')
  #serial = 0

  readonly contracts: Contracts
  readonly requester: Signer
  readonly keeper: Signer
  readonly operators: ReadonlyMap<string, Signer>
  /** Seats that were staked when the network was made. */
  readonly seats: readonly DrawnSeat[]
  readonly program: string
  readonly pin: Pin

  readonly #beacon: BeaconParameters

  private constructor(
    beacon: BeaconParameters,
    parts: Pick<Network, 'contracts' | 'requester' | 'keeper' | 'operators' | 'seats' | 'program' | 'pin'>,
  ) {
    this.#beacon = beacon
    this.contracts = parts.contracts
    this.requester = parts.requester
    this.keeper = parts.keeper
    this.operators = parts.operators
    this.seats = parts.seats
    this.program = parts.program
    this.pin = parts.pin
  }

  /** Deploys and stakes `seats` seats of class 1, spread over some operators. */
  static async with(seats: number, operatorCount = OPERATORS, beacon = BLOCKS): Promise<Network> {
    const [owner, requester, keeper, ...others] = await connection.ethers.getSigners()
    if (owner === undefined || requester === undefined || keeper === undefined) throw new Error('no signers')
    const parameters = { ...standard, openLists: ACCESS_LISTS, beacon }
    const record = await deploy({ owner, network: 'bench', parameters })
    const contracts = await connect(deploymentOf(record), owner)
    const { market, registry, token } = contracts
    const operators = others.slice(0, operatorCount)
    for (const account of [...operators, requester, keeper]) {
      await token.transfer(account, parseEther('10000000'))
      await token.connect(account).approve(registry, MaxUint256)
      await token.connect(account).approve(market, MaxUint256)
      await market.connect(account).deposit(account, parseEther('1000'))
    }
    await market.connect(requester).deposit(requester, parseEther('500000'))
    for (const operator of operators) await registry.admit(operator, true)
    const staked: DrawnSeat[] = []
    while (staked.length < seats) {
      for (const operator of operators) {
        // Spread evenly: also ten seats are ten operators'.
        const count = Math.min(50, Math.ceil(seats / operators.length), seats - staked.length)
        if (count === 0) continue
        const { events } = await mined(contracts, registry.connect(operator).stake(1, count, 0, BATCH_GAS))
        for (const event of events) if (event.name === 'Staked') staked.push({ seat: event.args.seat, operator })
      }
    }
    await helpers.time.increase(parameters.epochLength + 1)
    const verifier = await (await owner.sendTransaction({ data: ALWAYS_VALID })).wait()
    const program = {
      prover: id('prover'),
      verifierProgram: id('verifier'),
      verifier: verifier?.contractAddress ?? ZeroAddress,
      verifierGas: 1_000_000,
      class: 1,
      bindsProver: false,
    }
    const programId = await market.deployProgram.staticCall(program, '')
    await market.deployProgram(program, '')
    const byAddress = new Map(operators.map((operator) => [operator.address, operator] as const))
    const pin = await readPin(contracts, programId as ProgramId)
    const parts = { contracts, requester, keeper, operators: byAddress, seats: staked, program: programId, pin }
    return new Network(beacon, parts)
  }

  /** Waits for a transaction. */
  mined(sent: Promise<ContractTransactionResponse>): Promise<Mined> {
    return mined(this.contracts, sent)
  }

  /** Gas of a transaction that reverts, which the chain in this process refuses only after it was mined. */
  async lost(sent: Promise<ContractTransactionResponse>): Promise<number> {
    await sent.catch(() => undefined)
    const block = await connection.ethers.provider.getBlock('latest')
    const receipt = await connection.ethers.provider.getTransactionReceipt(block?.transactions.at(-1) ?? '')
    if (receipt?.status !== 0) throw new Error('no transaction reverted')
    return Number(receipt.gasUsed)
  }

  /**
   * Writes the main word of seats: as it was before the first workload, as the last one left it (freed and without misses), or as it is
   * during one. In a network in use nearly all have worked; to get there by lives takes thousands of them. The test of gas compares
   * seats that were written so with seats that have worked.
   */
  async writeSeats(history: 'new' | 'worked' | 'working', seats = this.seats): Promise<void> {
    const market = await this.contracts.market.getAddress()
    const state = history === 'working' ? ASSIGNED : 0n
    for (const { seat, operator } of seats) {
      const word = history === 'new' ? 0n : state | FORMER_TAG | BigInt(await operator.getAddress())
      const key = AbiCoder.defaultAbiCoder().encode(['uint256', 'uint256'], [seat * WORDS_A_SEAT, WORDS_SLOT])
      await helpers.setStorageAt(market, keccak256(key), toBeHex(word, 32))
    }
  }

  /** Does `acts`, and undoes all that they changed on the chain. */
  async undone<T>(acts: () => Promise<T>): Promise<T> {
    const before = await helpers.takeSnapshot()
    const result = await acts()
    await before.restore()
    return result
  }

  /** Lets `seconds` pass. */
  async pass(seconds: number): Promise<void> {
    await helpers.time.increase(seconds)
  }

  /**
   * Lets the round of what was just submitted come out. Drand's signatures cannot be made here, so under drand its word is written as relayed
   * rounds leave it.
   */
  async passRound(): Promise<void> {
    const { kind, lag } = this.#beacon
    if (kind === 'blockhash') return helpers.mine(lag + 1)
    const { beacon } = this.contracts
    const newest = Number(await beacon.nextRound())
    // The round before too: the question is answered a second behind the block of the submission.
    for (const round of [newest - 1, newest]) {
      const slot = keccak256(AbiCoder.defaultAbiCoder().encode(['uint32', 'uint256'], [round & ~4, DRAND_SLOT]))
      await helpers.setStorageAt(await beacon.getAddress(), slot, hexlify(randomBytes(32)))
    }
    await helpers.time.increase(lag * QUICKNET.period)
  }

  #request(redundancy: number, program = this.program) {
    this.#serial += 1
    return {
      program,
      inputs: id(`inputs ${this.#serial}`),
      publicInputs: keccak256(Network.#publicInputs),
      deliveryKey: id(`key ${this.#serial}`),
      fee: parseEther('50'),
      maxRunTime: RUN_SECONDS,
      redundancy,
      rescue: 60,
      inputsUri: 'https://inputs.example.org/',
    }
  }

  /** Submits `count` workloads, in one transaction. */
  async submit(
    redundancy: number,
    count = 1,
    program = this.program,
  ): Promise<Mined & { readonly workloads: readonly Workload[] }> {
    const { nonce } = await this.contracts.market.accountOf(this.requester)
    const requests = Array.from({ length: count }, (_, index) => ({
      ...this.#request(redundancy, program),
      nonce: nonce + BigInt(index),
    }))
    const market = this.contracts.market.connect(this.requester)
    const [first] = requests
    if (first === undefined) throw new RangeError('nothing to submit')
    const mined = await this.mined(count === 1 ? market.submit(first) : market.submitMany(requests, BATCH_GAS))
    await this.passRound()
    return { ...mined, workloads: this.read(mined).workloads }
  }

  /** Draws the seats of workloads. `passed` counts the candidates that were passed over. */
  async assign(
    workloads: readonly Workload[],
  ): Promise<Mined & { readonly drawn: readonly (readonly DrawnSeat[])[]; readonly passed: number }> {
    const market = this.contracts.market.connect(this.keeper)
    const ids = workloads.map((workload) => workload.id)
    const [only] = ids
    const mined = await this.mined(
      ids.length === 1 && only !== undefined ? market.assign(only, BATCH_GAS) : market.assignMany(ids, BATCH_GAS),
    )
    const { drawn } = this.read(mined)
    const draws = mined.events.flatMap((event) => (event.name === 'Assigned' ? [event.args.candidates] : []))
    return { ...mined, drawn, passed: draws.flat().filter(({ draw }) => draw !== 'Drawn' && draw !== 'Spare').length }
  }

  #operator(address: string): Signer {
    const operator = this.operators.get(address)
    if (operator === undefined) throw new Error(`${address} is no operator of the bench`)
    return operator
  }

  static #commitment(operator: string, workload: string, seat: number) {
    return commitmentOf({
      proofDigest: sha256(Network.#proof) as Parameters<typeof commitmentOf>[0]['proofDigest'],
      operator: operator as `0x${string}`,
      workload: workload as `0x${string}`,
      seat,
      salt: Network.#salt as `0x${string}`,
    })
  }

  /** Accepts a slot. */
  async accept({ id: workload }: Workload, { seat, operator }: DrawnSeat): Promise<number> {
    return (await this.mined(this.contracts.market.connect(operator).accept(workload, seat))).gas
  }

  /** Commits to the proof. */
  async commit({ id: workload }: Workload, { seat, operator }: DrawnSeat): Promise<number> {
    const commitment = Network.#commitment(await operator.getAddress(), workload, seat)
    return (await this.mined(this.contracts.market.connect(operator).commit(workload, seat, commitment))).gas
  }

  /** Reveals the proof. */
  async reveal({ spec }: Workload, { seat, operator }: DrawnSeat): Promise<number> {
    const market = this.contracts.market.connect(operator)
    const sent = market.reveal(spec, this.pin, seat, Network.#publicInputs, Network.#proof, Network.#salt)
    return (await this.mined(sent)).gas
  }

  /** Submits the proof at once. */
  async submitProof({ spec }: Workload, { seat, operator }: DrawnSeat): Promise<number> {
    const market = this.contracts.market.connect(operator)
    return (await this.mined(market.submitProof(spec, this.pin, seat, Network.#publicInputs, Network.#proof))).gas
  }

  /** Reports that the inputs are missing. */
  async fail({ spec }: Workload, { seat, operator }: DrawnSeat): Promise<void> {
    await this.mined(this.contracts.market.connect(operator).fail(spec, seat, 2))
  }

  /** The call that submits a workload with whichever nonce is next. */
  submitCall(redundancy: number): string {
    return this.contracts.market.interface.encodeFunctionData('submit', [
      { ...this.#request(redundancy), nonce: MaxUint256 },
    ])
  }

  /** The call that draws the seats of a workload. */
  assignCall({ id: workload }: Workload): string {
    return this.contracts.market.interface.encodeFunctionData('assign', [workload])
  }

  /** The call that commits to the proof. */
  async commitCall({ id: workload }: Workload, { seat, operator }: DrawnSeat): Promise<string> {
    const commitment = Network.#commitment(await operator.getAddress(), workload, seat)
    return this.contracts.market.interface.encodeFunctionData('commit', [workload, seat, commitment])
  }

  /** The call that reveals the proof. */
  revealCall({ spec }: Workload, { seat }: DrawnSeat): string {
    const args = [spec, this.pin, seat, Network.#publicInputs, Network.#proof, Network.#salt] as const
    return this.contracts.market.interface.encodeFunctionData('reveal', [...args])
  }

  /** The call that ends a workload. */
  settleCall({ spec }: Workload, seats: readonly DrawnSeat[]): string {
    return this.contracts.market.interface.encodeFunctionData('settle', [spec, seats.map(({ seat }) => seat)])
  }

  /** Sends calls: one as it is, several in a batch, none of which may fail. */
  async send(sender: Signer, calls: readonly string[]): Promise<Mined> {
    const market = this.contracts.market.connect(sender)
    const [only] = calls
    const sent =
      calls.length === 1 && only !== undefined
        ? sender.sendTransaction({ to: this.contracts.addresses.market, data: only, ...BATCH_GAS })
        : market.tryMany([...calls], BATCH_GAS)
    const mined = await this.mined(sent as Promise<ContractTransactionResponse>)
    if (mined.events.some(({ name }) => name === 'ItemFailed')) throw new Error('an item of the batch failed')
    return mined
  }

  /** Workloads that were submitted, and the seats that were drawn, in the order of the events. */
  read({ events }: Mined): { readonly workloads: readonly Workload[]; readonly drawn: readonly DrawnSeat[][] } {
    return {
      workloads: events.flatMap((event) =>
        event.name === 'Submitted' ? [{ id: event.args.workload, spec: specOf(event.args) }] : [],
      ),
      drawn: events.flatMap((event) =>
        event.name === 'Assigned'
          ? [
              event.args.candidates
                .filter(({ draw }) => draw === 'Drawn')
                .map(({ seat, operator }) => ({ seat, operator: this.#operator(operator) })),
            ]
          : [],
      ),
    }
  }

  /** Ends a workload. */
  async settle({ spec }: Workload, seats: readonly DrawnSeat[]): Promise<number> {
    const market = this.contracts.market.connect(this.keeper)
    return (
      await this.mined(
        market.settle(
          spec,
          seats.map(({ seat }) => seat),
        ),
      )
    ).gas
  }

  /** Slashes a silent seat. */
  async slash({ spec }: Workload, { seat }: DrawnSeat): Promise<number> {
    return (await this.mined(this.contracts.market.connect(this.keeper).slash(spec, [seat]))).gas
  }

  /** Stakes a seat of the first operator. */
  async stake(): Promise<DrawnSeat & { readonly gas: number }> {
    const [operator] = this.operators.values()
    if (operator === undefined) throw new Error('no operator')
    const { gas, events } = await this.mined(this.contracts.registry.connect(operator).stake(1, 1, 0))
    const staked = events.find((event) => event.name === 'Staked')
    if (staked?.name !== 'Staked') throw new Error('nothing was staked')
    return { gas, seat: staked.args.seat, operator }
  }

  /** Takes a seat out of the active set. */
  async leave({ seat, operator }: DrawnSeat): Promise<number> {
    return (await this.mined(this.contracts.registry.connect(operator).leaveSet([seat]))).gas
  }

  /** Withdraws a seat's bond. */
  async withdraw({ seat, operator }: DrawnSeat): Promise<number> {
    return (await this.mined(this.contracts.registry.connect(operator).withdraw([seat], operator))).gas
  }
}
