import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expectedSnapshots, keptSnapshots, snapshotDirectory } from '../lib/snapshots.js'

interface Snapshot {
  readonly abi: readonly string[]
  readonly storage: readonly string[]
}

function linesOf(text: string): string[] {
  const { abi, storage } = JSON.parse(text) as Snapshot
  return [...abi, ...storage]
}

function difference(kept: string, expected: string): string[] {
  const [before, after] = [linesOf(kept), linesOf(expected)]
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ]
}

/** The ABI and storage layout of every deployable contract are those of its snapshot. */
export function abiAndStorage(): string[] {
  const expected = expectedSnapshots()
  const kept = new Map(keptSnapshots().map((name) => [name, readFileSync(join(snapshotDirectory, name), 'utf8')]))
  const problems = [...new Set([...kept.keys(), ...expected.keys()])].flatMap((name) => {
    const [before, after] = [kept.get(name), expected.get(name)]
    if (before === after) return []
    if (before === undefined) return [`${name} is missing`]
    if (after === undefined) return [`${name} is of a contract that no longer exists`]
    return [`${name} differs:`, ...difference(before, after).map((line) => `  ${line}`)]
  })
  return problems.length === 0
    ? []
    : [...problems, 'If this is meant, run `npm run snapshots` and say so in CHANGELOG.md.']
}
