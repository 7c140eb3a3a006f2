/** Writes the snapshots of ABI and storage layout: run it when a change of either is meant, and commit the result. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expectedSnapshots, keptSnapshots, snapshotDirectory } from '../lib/snapshots.js'

const snapshots = expectedSnapshots()
mkdirSync(snapshotDirectory, { recursive: true })
for (const name of keptSnapshots()) if (!snapshots.has(name)) rmSync(join(snapshotDirectory, name))
for (const [name, text] of snapshots) writeFileSync(join(snapshotDirectory, name), text)
console.log(`Wrote ${snapshots.size} snapshots to deployments/snapshots`)
