/** Adds to the lockfile the packages of other platforms that npm left out. */
import { writeFileSync } from 'node:fs'

import { lockfilePath, missingPackages, readLockfile } from '../lib/lockfile.js'

const lockfile = readLockfile()
const [[root = '', own] = [], ...listed] = Object.entries(lockfile.packages)
const others = Object.entries(missingPackages(lockfile))
const packages = [...listed, ...others].sort(([a], [b]) => a.localeCompare(b, 'en'))
writeFileSync(
  lockfilePath,
  `${JSON.stringify({ ...lockfile, packages: Object.fromEntries([[root, own], ...packages]) }, null, 2)}\n`,
)
console.log(`Added ${others.length} packages of other platforms to package-lock.json`)
