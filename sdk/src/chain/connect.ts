import { Contract, JsonRpcApiProvider, keccak256, type ContractRunner, type Provider } from 'ethers'
import { chainError } from '../errors/codes/chain.js'
import { asChainError } from './asChainError.js'
import { CONTRACT_ROLES, type Deployment } from './deployment.js'
import { GevulotToken__factory } from './generated/factories/GevulotToken__factory.js'
import { IBeacon__factory } from './generated/factories/IBeacon__factory.js'
import { ICommittee__factory } from './generated/factories/ICommittee__factory.js'
import { IMarket__factory } from './generated/factories/IMarket__factory.js'
import { IMarketViewer__factory } from './generated/factories/IMarketViewer__factory.js'
import { IQualification__factory } from './generated/factories/IQualification__factory.js'
import { IRelay__factory } from './generated/factories/IRelay__factory.js'
import { ISeatHolder__factory } from './generated/factories/ISeatHolder__factory.js'
import { ProverRegistry__factory } from './generated/factories/ProverRegistry__factory.js'
import { Rewards__factory } from './generated/factories/Rewards__factory.js'
import type { GevulotToken } from './generated/GevulotToken.js'
import type { IBeacon } from './generated/IBeacon.js'
import type { ICommittee } from './generated/ICommittee.js'
import type { IMarket } from './generated/IMarket.js'
import type { IMarketViewer } from './generated/IMarketViewer.js'
import type { IQualification } from './generated/IQualification.js'
import type { IRelay } from './generated/IRelay.js'
import type { ISeatHolder } from './generated/ISeatHolder.js'
import type { ProverRegistry } from './generated/ProverRegistry.js'
import type { Rewards } from './generated/Rewards.js'
import { toAddress, type Address } from './hex.js'

/** The whole market: its address answers for its extension, and for the registry's question whether a seat is at work. */
export type MarketContract = IMarket & Pick<ISeatHolder, 'isHeld'>

/** Our contracts on one chain, typed and checked. */
export interface Contracts {
  readonly chainId: number
  /** Block of the first contract: no event is older. */
  readonly fromBlock: number
  readonly addresses: Readonly<Record<(typeof CONTRACT_ROLES)[number], Address>>
  readonly provider: Provider
  /** What the contracts were connected with: a signer, or the provider itself. */
  readonly runner: ContractRunner
  readonly token: GevulotToken
  readonly market: MarketContract
  readonly registry: ProverRegistry
  readonly relay: IRelay
  readonly qualification: IQualification
  readonly rewards: Rewards
  readonly committee: ICommittee
  readonly beacon: IBeacon
  /** Recomputes draws and payments from state, by calls at any block. */
  readonly viewer: IMarketViewer
}

/**
 * Connects to a deployment and checks it: the chain id, that there is code at every address, and that it is the recorded
 * code when the deployment says which.
 * @param runner A provider (reads only) or a signer connected to one.
 * @example
 * const contracts = await connect(deployment, rpcProvider('http://127.0.0.1:8545', deployment.chainId))
 * @throws GevulotError CHAIN_WRONG, CHAIN_CONTRACT_MISSING, CHAIN_NOT_SYNCED, CHAIN_CONTRACT_DIFFERENT, CHAIN_RPC_UNAVAILABLE,
 * CHAIN_SIGNER_MISSING, CHAIN_HEX_INVALID
 */
export async function connect(deployment: Deployment, runner: ContractRunner): Promise<Contracts> {
  const { provider } = runner
  if (!provider) throw chainError('CHAIN_SIGNER_MISSING', 'the signer is not connected to a provider')
  const addresses = {
    token: toAddress(deployment.token),
    market: toAddress(deployment.market),
    registry: toAddress(deployment.registry),
    relay: toAddress(deployment.relay),
    qualification: toAddress(deployment.qualification),
    rewards: toAddress(deployment.rewards),
    committee: toAddress(deployment.committee),
    beacon: toAddress(deployment.beacon),
    viewer: toAddress(deployment.viewer),
  }
  const chainId = await chainIdOf(provider)
  if (chainId !== deployment.chainId) {
    throw chainError(
      'CHAIN_WRONG',
      `the endpoint serves chain ${chainId}, the deployment is on ${deployment.chainId}`,
      {
        details: { have: chainId, want: deployment.chainId },
      },
    )
  }
  await Promise.all(CONTRACT_ROLES.map((role) => checkCode(provider, role, addresses[role], deployment)))
  return {
    chainId,
    fromBlock: deployment.fromBlock,
    addresses,
    provider,
    runner,
    token: GevulotToken__factory.connect(addresses.token, runner),
    market: connectMarket(addresses.market, runner),
    registry: ProverRegistry__factory.connect(addresses.registry, runner),
    relay: IRelay__factory.connect(addresses.relay, runner),
    qualification: IQualification__factory.connect(addresses.qualification, runner),
    rewards: Rewards__factory.connect(addresses.rewards, runner),
    committee: ICommittee__factory.connect(addresses.committee, runner),
    beacon: IBeacon__factory.connect(addresses.beacon, runner),
    viewer: IMarketViewer__factory.connect(addresses.viewer, runner),
  }
}

/** Both interfaces in one object, which the generated factories cannot make. */
function connectMarket(address: Address, runner: ContractRunner): MarketContract {
  const abi = [...IMarket__factory.abi, ...ISeatHolder__factory.abi]
  return new Contract(address, abi, runner) as unknown as MarketContract
}

/** Asks the node itself: a provider with a fixed network would only repeat what it was told. */
async function chainIdOf(provider: Provider): Promise<number> {
  try {
    if (provider instanceof JsonRpcApiProvider) return Number(await provider.send('eth_chainId', []))
    return Number((await provider.getNetwork()).chainId)
  } catch (error) {
    throw asChainError(error, 'reading the chain id')
  }
}

async function checkCode(
  provider: Provider,
  role: (typeof CONTRACT_ROLES)[number],
  address: Address,
  deployment: Deployment,
): Promise<void> {
  let code: string
  try {
    code = await provider.getCode(address)
  } catch (error) {
    throw asChainError(error, `reading the code of the ${role}`)
  }
  if (code === '0x') {
    const behind = await whyBehind(provider, deployment)
    if (behind !== undefined) throw chainError('CHAIN_NOT_SYNCED', behind, { details: { role, address } })
    throw chainError('CHAIN_CONTRACT_MISSING', `there is no contract at ${address}, the address of the ${role}`, {
      details: { role, address },
    })
  }
  const want = deployment.codeHashes?.[role]
  const have = keccak256(code)
  if (want !== undefined && have !== want.toLowerCase()) {
    throw chainError('CHAIN_CONTRACT_DIFFERENT', `the code of the ${role} at ${address} is not the recorded one`, {
      details: { role, address, have, want },
    })
  }
}

/** Why a node cannot have the contracts yet; undefined: it could have them. After a reboot it may need minutes, and that must not look like a mistake. */
async function whyBehind(provider: Provider, { fromBlock }: Deployment): Promise<string | undefined> {
  let newest: number
  try {
    newest = await provider.getBlockNumber()
  } catch (error) {
    throw asChainError(error, 'reading the newest block')
  }
  if (newest < fromBlock)
    return `the newest block of the endpoint is ${newest}, and the contracts are there from block ${fromBlock} on`
  // Not all endpoints answer that, and one that does not has no say in it.
  const syncing: unknown =
    provider instanceof JsonRpcApiProvider ? await provider.send('eth_syncing', []).catch(() => false) : false
  if (typeof syncing !== 'object' || syncing === null) return undefined
  return `the node of the endpoint is still reading the chain, and is at block ${newest}`
}
