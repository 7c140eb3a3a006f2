/** Hands a deployment over to a timelock, and schedules and executes the acts of its council. */
import { Interface, ZeroHash, type Signer } from 'ethers'
import type { DeployedContract, DeploymentRecord } from '../chain/deployment.js'
import { Market__factory } from '../chain/generated/factories/Market__factory.js'
import { Timelock__factory } from '../chain/generated/factories/Timelock__factory.js'
import type { Address } from '../chain/hex.js'
import { untilMined } from '../chain/untilMined.js'

/** Contracts that have an owner. */
export const OWNED_ROLES = ['market', 'registry', 'qualification', 'rewards'] as const

/** One call of an act. */
export interface Call {
  readonly to: string
  readonly data: string
}

/** What the timelock takes for an act: all of its calls happen or none. */
interface Batch {
  readonly targets: string[]
  readonly values: bigint[]
  readonly payloads: string[]
}

function batchOf(calls: readonly Call[]): Batch {
  return { targets: calls.map(({ to }) => to), values: calls.map(() => 0n), payloads: calls.map(({ data }) => data) }
}

/** The calls by which the timelock takes over what {@link offerOwnership} offered. */
export function acceptanceOf(contracts: DeploymentRecord['contracts']): Call[] {
  const data = new Interface(Market__factory.abi).encodeFunctionData('acceptOwnership')
  return OWNED_ROLES.map((role) => ({ to: contracts[role].address, data }))
}

/** First step of the handover: the timelock can take over every contract from its owner. */
export async function offerOwnership(
  contracts: DeploymentRecord['contracts'],
  owner: Signer,
  { address }: DeployedContract,
): Promise<void> {
  for (const role of OWNED_ROLES) {
    // Ownership is the same four functions in all of them.
    await untilMined(await Market__factory.connect(contracts[role].address, owner).transferOwnership(address))
  }
}

/** Schedules an act for the shortest time the timelock allows. `salt` tells acts apart that are otherwise the same. */
export async function schedule(
  timelock: Address,
  council: Signer,
  calls: readonly Call[],
  salt = ZeroHash,
): Promise<void> {
  const contract = Timelock__factory.connect(timelock, council)
  const { targets, values, payloads } = batchOf(calls)
  const delay = await contract.getMinDelay()
  await untilMined(await contract.scheduleBatch(targets, values, payloads, ZeroHash, salt, delay))
}

/** Executes a scheduled act that is due; anyone can. */
export async function execute(
  timelock: Address,
  anyone: Signer,
  calls: readonly Call[],
  salt = ZeroHash,
): Promise<void> {
  const { targets, values, payloads } = batchOf(calls)
  const contract = Timelock__factory.connect(timelock, anyone)
  await untilMined(await contract.executeBatch(targets, values, payloads, ZeroHash, salt))
}
