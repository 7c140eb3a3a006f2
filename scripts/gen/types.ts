/**
 * Generates what TypeScript needs of our contracts (no test contracts): types from their ABIs alone in `sdk/src/chain/generated`; code to
 * deploy in `sdk/src/deploy/generated`, which requesters never load; and for tests, benches and scripts what Hardhat's helpers return.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { glob, runTypeChain } from 'typechain'

import { artifacts, deployable, root, type AbiItem } from '../lib/artifacts.js'

const abiDirectory = join(root, 'cache/abi')
const outDir = join(root, 'sdk/src/chain/generated')
const codeDirectory = join(root, 'sdk/src/deploy/generated')

/** TypeChain writes parameter names as labels of tuples, where TypeScript refuses `class`. They are no part of a call. */
function withoutReservedNames(item: AbiItem): AbiItem {
  if (item.type !== 'function') return item
  return {
    ...item,
    inputs: item.inputs?.map((input) => (input.name === 'class' ? { ...input, name: 'class_' } : input)),
  }
}

/** Makes `ethers.deployContract('Market')` and `ethers.getContractAt('Market', …)` return a `Market`. */
function hardhatTypes(names: readonly string[]): string {
  const options = 'signerOrOptions?: Signer | DeployContractOptions'
  const helpers = names.flatMap((name) => [
    `    deployContract(name: '${name}', ${options}): Promise<contracts.${name}>`,
    `    deployContract(name: '${name}', args: unknown[], ${options}): Promise<contracts.${name}>`,
    `    getContractAt(name: '${name}', address: string | Addressable, signer?: Signer): Promise<contracts.${name}>`,
  ])
  return [
    "import type { DeployContractOptions } from '@nomicfoundation/hardhat-ethers/types'",
    "import type { Addressable, Signer } from 'ethers'",
    "import type * as contracts from '../sdk/src/chain/generated/index.js'",
    "declare module '@nomicfoundation/hardhat-ethers/types' {",
    '  interface HardhatEthersHelpers {',
    ...helpers,
    '  }',
    '}',
    '',
  ].join('\n')
}

/** A module with the creation code of everything that can be deployed. */
function creationCode(): string {
  const entries = deployable().map(({ contractName, abi, bytecode }) => {
    const constructors = abi.filter(({ type }) => type === 'constructor')
    return `  ${contractName}: ${JSON.stringify({ abi: constructors, bytecode })},`
  })
  return [
    "import type { JsonFragment } from 'ethers'",
    '/** What deploys a contract. */',
    'export interface CreationCode {',
    '  /** Its constructor, if it has one. */',
    '  readonly abi: readonly JsonFragment[]',
    '  readonly bytecode: string',
    '}',
    '/** By name of the contract. */',
    'export const CREATION_CODE: Readonly<Record<string, CreationCode>> = {',
    ...entries,
    '}',
    '',
  ].join('\n')
}

rmSync(abiDirectory, { recursive: true, force: true })
rmSync(outDir, { recursive: true, force: true })
mkdirSync(abiDirectory, { recursive: true })
const contracts = artifacts().filter(({ abi }) => abi.length > 0)
for (const { contractName, abi } of contracts) {
  // Without byte code a constructor leaves nothing behind but the types of its structs, which nobody uses.
  const callable = abi.filter(({ type }) => type !== 'constructor')
  writeFileSync(join(abiDirectory, `${contractName}.json`), JSON.stringify(callable.map(withoutReservedNames)))
}

const files = glob(root, ['cache/abi/*.json'])
await runTypeChain({
  cwd: root,
  filesToProcess: files,
  allFiles: files,
  outDir,
  target: 'ethers-v6',
  flags: {
    alwaysGenerateOverloads: false,
    discriminateTypes: false,
    environment: undefined,
    node16Modules: true,
    tsNocheck: false,
  },
})
rmSync(codeDirectory, { recursive: true, force: true })
mkdirSync(codeDirectory, { recursive: true })
writeFileSync(join(codeDirectory, 'creationCode.ts'), creationCode())
writeFileSync(join(root, 'cache/hardhat.d.ts'), hardhatTypes(contracts.map(({ contractName }) => contractName)))
console.log(`Wrote types of ${files.length} contracts and interfaces to sdk/src/chain/generated`)
