/** What callers and storage readers of a deployed contract rely on, as text that can be compared. */
import { globSync } from 'node:fs'
import { join } from 'node:path'

import { Interface, type InterfaceAbi } from 'ethers'

import { compilerOutput, deployable, root, type Artifact } from './artifacts.js'

export const snapshotDirectory = join(root, 'deployments/snapshots')

function storageOf({ buildInfoId, inputSourceName, contractName }: Artifact): string[] {
  const layout = compilerOutput(buildInfoId).contracts[inputSourceName]?.[contractName]?.storageLayout
  return (layout?.storage ?? []).map(({ slot, offset, type, label }) => {
    const { label: name, numberOfBytes } = layout?.types?.[type] ?? { label: type, numberOfBytes: '?' }
    return `${slot}:${offset} ${name} ${label} (${numberOfBytes} bytes)`
  })
}

/** File names below the snapshot directory and the text each must have. */
export function expectedSnapshots(): Map<string, string> {
  return new Map(
    deployable().map((artifact) => {
      const abi = new Interface(artifact.abi as InterfaceAbi).format().sort()
      const snapshot = { source: artifact.sourceName, abi, storage: storageOf(artifact) }
      return [`${artifact.contractName}.json`, `${JSON.stringify(snapshot, null, 2)}\n`]
    }),
  )
}

/** File names of the snapshots that are kept. */
export function keptSnapshots(): string[] {
  return globSync('*.json', { cwd: snapshotDirectory }).sort()
}
