/**
 * Generates the TypeScript types of our contracts for the SDK, from their ABIs alone: no byte code, which only a
 * deployment needs, and no test contracts.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { glob, runTypeChain } from 'typechain'

import { artifacts, root, type AbiItem } from '../lib/artifacts.js'

const abiDirectory = join(root, 'cache/abi')
const outDir = join(root, 'sdk/src/chain/generated')

/** TypeChain writes parameter names as labels of tuples, where TypeScript refuses `class`. They are no part of a call. */
function withoutReservedNames(item: AbiItem): AbiItem {
  if (item.type !== 'function') return item
  return {
    ...item,
    inputs: item.inputs?.map((input) => (input.name === 'class' ? { ...input, name: 'class_' } : input)),
  }
}

rmSync(abiDirectory, { recursive: true, force: true })
rmSync(outDir, { recursive: true, force: true })
mkdirSync(abiDirectory, { recursive: true })
for (const { contractName, abi } of artifacts()) {
  if (abi.length === 0) continue
  writeFileSync(join(abiDirectory, `${contractName}.json`), JSON.stringify(abi.map(withoutReservedNames)))
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
console.log(`Wrote types of ${files.length} contracts and interfaces to sdk/src/chain/generated`)
