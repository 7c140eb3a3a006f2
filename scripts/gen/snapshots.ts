/** Writes the snapshots of ABI, storage layout and the SDK's public names: run it when a change of one is meant, and commit the result. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { surface, surfacePath } from '../lib/surface.js'
import { expectedSnapshots, keptSnapshots, snapshotDirectory } from '../lib/snapshots.js'

const snapshots = expectedSnapshots()
mkdirSync(snapshotDirectory, { recursive: true })
for (const name of keptSnapshots()) if (!snapshots.has(name)) rmSync(join(snapshotDirectory, name))
for (const [name, text] of snapshots) writeFileSync(join(snapshotDirectory, name), text)
writeFileSync(surfacePath, surface())
console.log(`Wrote ${snapshots.size + 1} snapshots to deployments/snapshots`)
