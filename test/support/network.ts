import { concat, hexlify, keccak256, parseUnits, randomBytes, type Wallet } from 'ethers'
import { deploy } from '../../sdk/src/deploy/deploy.js'
import { devnet, type Parameters } from '../../sdk/src/deploy/parameters.js'
import { commitmentOf } from '../../sdk/src/chain/commitment.js'
import { connect, type Contracts } from '../../sdk/src/chain/connect.js'
import { deploymentOf, type Deployment, type DeploymentRecord } from '../../sdk/src/chain/deployment.js'
import type { Address, Hex, WorkloadId } from '../../sdk/src/chain/hex.js'
import { readPin } from '../../sdk/src/chain/pin.js'
import type { FailReason } from '../../sdk/src/chain/names.js'
import { FAIL_REASONS } from '../../sdk/src/chain/names.js'
import type { Spec } from '../../sdk/src/chain/spec.js'
import { createClient, type GevulotClient } from '../../sdk/src/client/createClient.js'
import type { ClientOptions } from '../../sdk/src/client/makeClient.js'
import { digestOf } from '../../sdk/src/content/digest.js'
import { startLocalChain, type LocalChain } from './localChain.js'

export const TOKEN = parseUnits('1', 18)
export const PUBLIC_INPUTS = Buffer.from('11'.repeat(64), 'hex')
/** The test verifier takes every proof whose last word is not zero. */
export const PROOF = Buffer.from('22'.repeat(64), 'hex')
export const BAD_PROOF = Buffer.alloc(64)
export const SALT: Hex = `0x${'5a'.repeat(32)}`

const OPERATORS = 4
const SEATS_EACH = 2
const FIRST_OPERATOR = 2

/** Returns whether the last word of the call data is not zero, behind a nine-byte constructor. */
const LAST_WORD_VERIFIER = concat(['0x600d8060093d393df3', '0x602036033515155f5260205ff3'])

/**
 * The local network's, with epochs that a busy machine does not outlast: the clock of the chain is that of the machine, and a draw comes three
 * epochs after its submission at the latest.
 */
export const UNHURRIED: Parameters = { ...devnet, epochLength: 60 }

/** A local chain with the contracts, funded accounts and an active set. */
export interface Network {
  readonly chain: LocalChain
  readonly parameters: Parameters
  readonly record: DeploymentRecord
  readonly deployment: Deployment
  readonly owner: Wallet
  readonly requester: Wallet
  readonly operators: readonly Operator[]
  readonly verifier: Hex
  client(options?: Partial<ClientOptions>): Promise<GevulotClient>
}

/** An operator with two seats of class 1. */
export interface Operator {
  readonly account: Wallet
  readonly address: Address
  readonly contracts: Contracts
  readonly seats: readonly number[]
}

/** Deploys everything on a fresh chain. */
export async function startNetwork(parameters: Parameters = UNHURRIED): Promise<Network> {
  const chain = await startLocalChain()
  const [owner, requester] = [chain.account(0), chain.account(1)]
  const record = await deploy({ owner, network: 'test', parameters })
  const deployment = deploymentOf(record)
  const contracts = await connect(deployment, owner)
  await (await contracts.token.transfer(requester.address, 1_000_000n * TOKEN)).wait()
  const operators: Operator[] = []
  for (let index = 0; index < OPERATORS; index++) {
    const account = chain.account(FIRST_OPERATOR + index)
    await (await contracts.token.transfer(account.address, 100_000n * TOKEN)).wait()
    await (await contracts.registry.admit(account.address, true)).wait()
    const own = await connect(deployment, account)
    await (await own.token.approve(deployment.registry, 100_000n * TOKEN)).wait()
    const first = Number(await own.registry.stake.staticCall(1, SEATS_EACH, 0))
    // At the beginning of an epoch it needs more gas than was estimated at the end of the one before.
    await (await own.registry.stake(1, SEATS_EACH, 0, { gasLimit: 1_000_000n })).wait()
    operators.push({ account, address: account.address as Address, contracts: own, seats: [first, first + 1] })
  }
  await chain.pass(2 * parameters.epochLength)
  const creation = await (await owner.sendTransaction({ data: LAST_WORD_VERIFIER })).wait()
  return {
    chain,
    parameters,
    record,
    deployment,
    owner,
    requester,
    operators,
    verifier: creation!.contractAddress as Hex,
    client: (options = {}) => createClient({ deployment, signer: requester, pollMs: 50, ...options }),
  }
}

/** The operator that holds a seat. */
export function operatorOf(network: Network, seat: number): Operator {
  const found = network.operators.find(({ seats }) => seats.includes(seat))
  if (found === undefined) throw new Error(`no operator holds seat ${seat}`)
  return found
}

/** An idle seat of another operator than those of `seats`. */
export async function idleSeat(network: Network, ...seats: readonly number[]): Promise<number> {
  const taken = seats.map((seat) => operatorOf(network, seat))
  for (const operator of network.operators.filter((other) => !taken.includes(other)))
    for (const seat of operator.seats) if (!(await operator.contracts.market.isHeld(seat))) return seat
  throw new Error('every seat is at work')
}

/** What a prover does, each act mined. */
export const prover = {
  async accept(network: Network, workload: Hex, seat: number): Promise<void> {
    await (await operatorOf(network, seat).contracts.market.accept(workload, seat)).wait()
  },
  async decline(network: Network, spec: Spec, seat: number): Promise<void> {
    await (await operatorOf(network, seat).contracts.market.decline(spec, seat)).wait()
  },
  async fail(network: Network, spec: Spec, seat: number, reason: FailReason): Promise<void> {
    await (await operatorOf(network, seat).contracts.market.fail(spec, seat, FAIL_REASONS.indexOf(reason))).wait()
  },
  async commit(network: Network, workload: WorkloadId, seat: number, proof: Uint8Array = PROOF): Promise<void> {
    const { contracts } = operatorOf(network, seat)
    await (await contracts.market.commit(workload, seat, commitment(network, workload, seat, proof))).wait()
  },
  async commitOpen(
    network: Network,
    workload: WorkloadId,
    spec: Spec,
    seat: number,
    proof: Uint8Array = PROOF,
  ): Promise<void> {
    const { contracts } = operatorOf(network, seat)
    await (await contracts.market.commitOpen(spec, seat, commitment(network, workload, seat, proof))).wait()
  },
  async reveal(network: Network, spec: Spec, seat: number, proof: Uint8Array = PROOF): Promise<void> {
    const { contracts } = operatorOf(network, seat)
    const pin = await readPin(contracts, spec.program)
    await (await contracts.market.reveal(spec, pin, seat, PUBLIC_INPUTS, proof, SALT)).wait()
  },
  async submitProof(network: Network, spec: Spec, seat: number, proof: Uint8Array = PROOF): Promise<void> {
    const { contracts } = operatorOf(network, seat)
    const pin = await readPin(contracts, spec.program)
    await (await contracts.market.submitProof(spec, pin, seat, PUBLIC_INPUTS, proof)).wait()
  },
}

/** A program that nobody has deployed yet, and inputs that nobody has used. */
export async function aProgram(network: Network, client: GevulotClient): Promise<Hex> {
  const prover = hexlify(randomBytes(32))
  return (await client.deployProgram({ prover, verifier: network.verifier })).program
}

/** Inputs that are not in any store. */
export function someInputs(): { digest: string; publicInputs: Hex } {
  return { digest: hexlify(randomBytes(32)), publicInputs: keccak256(PUBLIC_INPUTS) as Hex }
}

function commitment(network: Network, workload: WorkloadId, seat: number, proof: Uint8Array): bigint {
  const { address: operator } = operatorOf(network, seat)
  return commitmentOf({ proofDigest: digestOf(proof), operator, workload, seat, salt: SALT })
}
