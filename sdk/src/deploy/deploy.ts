/** Deploys the network's contracts and writes the record of it: used by tests, scripts and the devnet. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ContractFactory, getCreateAddress, keccak256, type Signer } from 'ethers'
import type { DeployedContract, DeploymentRecord } from '../chain/deployment.js'
import { GevulotToken__factory } from '../chain/generated/factories/GevulotToken__factory.js'
import { IMarket__factory } from '../chain/generated/factories/IMarket__factory.js'
import { IQualification__factory } from '../chain/generated/factories/IQualification__factory.js'
import { ProverRegistry__factory } from '../chain/generated/factories/ProverRegistry__factory.js'
import { Rewards__factory } from '../chain/generated/factories/Rewards__factory.js'
import type { Address, Bytes32 } from '../chain/hex.js'
import { ACCESS_LISTS } from '../chain/names.js'
import { untilMined } from '../chain/untilMined.js'
import { CREATION_CODE } from './generated/creationCode.js'
import { assertOneToken } from './assertOneToken.js'
import { acceptanceOf, offerOwnership, schedule } from './governance.js'
import type { BeaconParameters, GovernanceParameters, Parameters } from './parameters.js'

/** Options of {@link deploy}. */
export interface DeployOptions {
  /** Pays, receives the token supply, and owns every contract that has an owner until a timelock takes over. Nothing else may send from it meanwhile. */
  readonly owner: Signer
  /** Name for people, for example `devnet`. */
  readonly network: string
  readonly parameters: Parameters
}

/** A constructor argument; a list is a struct, member by member. */
export type Argument = string | bigint | number | readonly Argument[]

/** Deploys one contract of this repository and returns its entry for the record. */
export async function deployContract(
  owner: Signer,
  contract: string,
  args: readonly Argument[] = [],
): Promise<DeployedContract> {
  const code = CREATION_CODE[contract]
  if (code === undefined) throw new TypeError(`no contract is called ${contract}`)
  const factory = new ContractFactory(code.abi, code.bytecode, owner)
  const deployed = await factory.deploy(...args)
  const sent = deployed.deploymentTransaction()
  const receipt = sent && (await untilMined(sent))
  const address = await deployed.getAddress()
  const deployedCode = await owner.provider?.getCode(address)
  if (!receipt || deployedCode === undefined) throw new Error(`the deployment of ${contract} was not mined`)
  return {
    contract,
    address: address as Address,
    block: receipt.blockNumber,
    transaction: receipt.hash as Bytes32,
    arguments: args.map(textOf),
    codeHash: keccak256(deployedCode) as Bytes32,
  }
}

/** An argument as the record holds it: structs in brackets. */
function textOf(argument: Argument): string {
  return Array.isArray(argument) ? `[${argument.map(textOf).join(',')}]` : String(argument)
}

/**
 * Deploys token, registry, market with its extension, relay, qualification, committee, rewards, viewer, and beacon; writes rules and
 * classes, funds the pool of rewards, and offers ownership to a timelock where one is wanted. Registry, market, relay, qualification
 * and committee name each other for ever, so addresses are predicted from the owner's nonce.
 */
export async function deploy({ owner, network, parameters }: DeployOptions): Promise<DeploymentRecord> {
  const { provider } = owner
  if (!provider) throw new Error('the owner is not connected to a chain')
  const from = await owner.getAddress()
  const first = await owner.getNonce()
  const at = (place: number) => getCreateAddress({ from, nonce: first + place })
  const predicted = { market: at(3), relay: at(4), qualification: at(5), committee: at(6) }
  const token = await deployContract(owner, 'GevulotToken', [from, parameters.supply])
  const registry = await deployContract(owner, 'ProverRegistry', [
    token.address,
    [predicted.market, predicted.relay, predicted.qualification, predicted.committee],
    from,
    parameters.epochLength,
    parameters.cooldown,
  ])
  const extension = await deployContract(owner, 'MarketExtension', [token.address, registry.address])
  const market = await deployContract(owner, 'Market', [extension.address, from])
  const relay = await deployContract(owner, 'Relay', [
    market.address,
    registry.address,
    predicted.qualification,
    predicted.committee,
  ])
  const qualification = await deployContract(owner, 'Qualification', [registry.address, from])
  const committee = await deployContract(owner, 'Committee', [
    token.address,
    market.address,
    registry.address,
    parameters.validators.class,
  ])
  for (const [role, { address }] of Object.entries({ market, relay, qualification, committee })) {
    const want = predicted[role as keyof typeof predicted]
    if (address !== want) throw new Error(`the ${role} is at ${address}, where its peers look for it at ${want}`)
  }
  const rewards = await deployContract(owner, 'Rewards', [
    market.address,
    token.address,
    from,
    parameters.rewards.epochLength,
  ])
  const viewer = await deployContract(owner, 'MarketViewer', [registry.address])
  const beacon = await deployBeacon(owner, parameters.beacon, market.address)
  const { chainId } = await provider.getNetwork()
  const record: DeploymentRecord = {
    schema: 'gevulot/deployment@1',
    chainId: Number(chainId),
    network,
    contracts: { token, market, registry, relay, qualification, committee, rewards, beacon, viewer, extension },
  }
  await assertOneToken(provider, record.contracts)
  await configure(record, owner, parameters)
  const { governance } = parameters
  if (governance === undefined) return record
  return { ...record, contracts: { ...record.contracts, timelock: await handOver(record, owner, governance) } }
}

/** Deploys the timelock and offers it every ownership. Where the deployer is the council it schedules the taking over too. */
async function handOver(
  { contracts }: DeploymentRecord,
  owner: Signer,
  { delay, council }: GovernanceParameters,
): Promise<DeployedContract> {
  const deployer = await owner.getAddress()
  const timelock = await deployContract(owner, 'Timelock', [delay, council ?? deployer])
  await offerOwnership(contracts, owner, timelock)
  if (council === undefined || council === deployer) {
    await schedule(timelock.address, owner, acceptanceOf(contracts))
  }
  return timelock
}

function deployBeacon(owner: Signer, beacon: BeaconParameters, market: Address): Promise<DeployedContract> {
  switch (beacon.kind) {
    case 'blockhash':
      return deployContract(owner, 'BlockhashBeacon', [beacon.lag])
    case 'drand':
      return deployContract(owner, 'DrandBeacon', [beacon.lag, beacon.margin, market])
  }
}

/** Writes the first rules and every class. */
async function configure({ contracts }: DeploymentRecord, owner: Signer, parameters: Parameters): Promise<void> {
  const market = IMarket__factory.connect(contracts.market.address, owner)
  const registry = ProverRegistry__factory.connect(contracts.registry.address, owner)
  const rules = { ...parameters.rules, beacon: contracts.beacon.address }
  await untilMined(await market.addRules(rules))
  await fundRewards(contracts, owner, parameters)
  // Before the classes, which would bear the mark of a closed list.
  for (const list of parameters.openLists) await untilMined(await market.openList(ACCESS_LISTS.indexOf(list)))
  for (const { class: number, minimumFee, minimumRate, puzzle, ...bond } of parameters.classes) {
    await untilMined(await registry.setClassBond(number, bond))
    await untilMined(await market.setClassTerms(number, { minimumFee, minimumRate, rules: 1 }))
    if (puzzle === undefined) continue
    const { work, count, ...policy } = puzzle
    const { address } = await deployContract(owner, 'HashcashPuzzle', [work, count])
    const qualification = IQualification__factory.connect(contracts.qualification.address, owner)
    const { address: beacon } = contracts.beacon
    await untilMined(await qualification.setPolicy(number, { ...policy, puzzle: address, beacon }))
  }
  const { class: validators, ...bond } = parameters.validators
  // Validators are never drawn for slots, so they have no quota of declines.
  await untilMined(await registry.setClassBond(validators, { ...bond, declineQuota: 0 }))
}

async function fundRewards(
  contracts: DeploymentRecord['contracts'],
  owner: Signer,
  { rewards: { pool, budget, kappaBps, boostBps } }: Parameters,
): Promise<void> {
  const rewards = Rewards__factory.connect(contracts.rewards.address, owner)
  await untilMined(await rewards.setParameters(budget, kappaBps, boostBps))
  if (pool === 0n) return
  await untilMined(await GevulotToken__factory.connect(contracts.token.address, owner).approve(rewards, pool))
  await untilMined(await rewards.fund(pool))
}

/** Writes a record to `<directory>/<chain id>.json` and returns the path. */
export function writeDeploymentRecord(record: DeploymentRecord, directory: string): string {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, `${record.chainId}.json`)
  writeFileSync(path, `${JSON.stringify(record, undefined, 2)}\n`)
  return path
}
