import { parseJson, readInteger, readRecord, readText, ShapeError, type Members } from '../content/shape.js'
import { chainError } from '../errors/codes/chain.js'
import { toAddress, toBytes32, type Address, type Bytes32, type Hex } from './hex.js'

/** Our contracts on one chain: what {@link connect} needs. */
export interface Deployment {
  readonly chainId: number
  readonly token: Hex
  readonly market: Hex
  readonly registry: Hex
  readonly relay: Hex
  readonly qualification: Hex
  readonly rewards: Hex
  readonly committee: Hex
  readonly beacon: Hex
  /** Recomputes draws and payments; nothing depends on it. */
  readonly viewer: Hex
  /** Block of the first contract: no event is older. */
  readonly fromBlock: number
  /** keccak-256 of the code at each address; checked when given. */
  readonly codeHashes?: Readonly<Partial<Record<ContractRole, Hex>>>
}

/** What a contract is for. */
export type ContractRole =
  'token' | 'market' | 'registry' | 'relay' | 'qualification' | 'committee' | 'rewards' | 'beacon' | 'viewer'

/** Every contract role. */
export const CONTRACT_ROLES = [
  'token',
  'market',
  'registry',
  'relay',
  'qualification',
  'rewards',
  'committee',
  'beacon',
  'viewer',
] as const satisfies readonly ContractRole[]

/** One contract of a deployment record. */
export interface DeployedContract {
  /** Name of the Solidity contract. */
  readonly contract: string
  readonly address: Address
  /** Block and transaction it was deployed in. */
  readonly block: number
  readonly transaction: Bytes32
  /** Constructor arguments; whole numbers as decimal text. */
  readonly arguments: readonly string[]
  /** keccak-256 of the code at the address. */
  readonly codeHash: Bytes32
}

/**
 * A deployment record, the content of `deployments/<chain id>.json`.
 * It says everything needed to compare a chain with the sources.
 */
export interface DeploymentRecord {
  readonly schema: 'gevulot/deployment@1'
  readonly chainId: number
  /** For people, for example `devnet`. */
  readonly network: string
  /**
   * `extension` is the market's cold path; it is called at the market's address only. `timelock` owns the others, or is
   * offered to; there is none where an account owns them.
   */
  readonly contracts: Readonly<Record<ContractRole | 'extension', DeployedContract>> & {
    readonly timelock?: DeployedContract
  }
}

/**
 * Reads a deployment record from JSON.
 * @throws GevulotError CHAIN_DEPLOYMENT_INVALID
 */
export function parseDeploymentRecord(json: Uint8Array): DeploymentRecord {
  try {
    const members = readRecord(parseJson(json), 'record')
    if (members['schema'] !== 'gevulot/deployment@1') throw new ShapeError('record.schema is not gevulot/deployment@1')
    const contracts = readRecord(members['contracts'], 'contracts')
    return {
      schema: 'gevulot/deployment@1',
      chainId: readInteger(members['chainId'], 'chainId', 1, Number.MAX_SAFE_INTEGER),
      network: readText(members['network'], 'network', 64),
      contracts: {
        token: readContract(contracts, 'token'),
        market: readContract(contracts, 'market'),
        registry: readContract(contracts, 'registry'),
        relay: readContract(contracts, 'relay'),
        qualification: readContract(contracts, 'qualification'),
        rewards: readContract(contracts, 'rewards'),
        committee: readContract(contracts, 'committee'),
        beacon: readContract(contracts, 'beacon'),
        viewer: readContract(contracts, 'viewer'),
        extension: readContract(contracts, 'extension'),
        ...(contracts['timelock'] === undefined ? {} : { timelock: readContract(contracts, 'timelock') }),
      },
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw chainError('CHAIN_DEPLOYMENT_INVALID', `not a deployment record: ${reason}`, { cause })
  }
}

/** What {@link connect} needs of a record. */
export function deploymentOf(record: DeploymentRecord): Deployment {
  const { token, market, registry, relay, qualification, committee, rewards, beacon, viewer } = record.contracts
  return {
    chainId: record.chainId,
    token: token.address,
    market: market.address,
    registry: registry.address,
    relay: relay.address,
    qualification: qualification.address,
    rewards: rewards.address,
    committee: committee.address,
    beacon: beacon.address,
    viewer: viewer.address,
    fromBlock: Math.min(...Object.values(record.contracts).map((contract) => contract.block)),
    codeHashes: {
      token: token.codeHash,
      market: market.codeHash,
      registry: registry.codeHash,
      relay: relay.codeHash,
      qualification: qualification.codeHash,
      rewards: rewards.codeHash,
      committee: committee.codeHash,
      beacon: beacon.codeHash,
      viewer: viewer.codeHash,
    },
  }
}

function readContract(contracts: Members, role: ContractRole | 'extension' | 'timelock'): DeployedContract {
  const members = readRecord(contracts[role], `contracts.${role}`)
  const args = members['arguments']
  if (!Array.isArray(args)) throw new ShapeError(`contracts.${role}.arguments is not a list`)
  return {
    contract: readText(members['contract'], `contracts.${role}.contract`, 128),
    address: toAddress(readText(members['address'], `contracts.${role}.address`, 42)),
    block: readInteger(members['block'], `contracts.${role}.block`, 0, Number.MAX_SAFE_INTEGER),
    transaction: toBytes32(readText(members['transaction'], `contracts.${role}.transaction`, 66)),
    arguments: args.map((argument: unknown) => readText(argument, `contracts.${role}.arguments`, 1024)),
    codeHash: toBytes32(readText(members['codeHash'], `contracts.${role}.codeHash`, 66)),
  }
}
