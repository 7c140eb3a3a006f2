/**
 * `npm run test:faults`: every test of faults, and those that a seed chooses, which `npm test` leaves out. Prints the seed; `-- --seed <number>` repeats a run.
 */
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import fs from 'node:fs'
import { parseArgs } from 'node:util'

import { ensureDependencies, ensureNode, environment, root } from './lib/setup.mjs'

ensureNode('npm run test:faults')
ensureDependencies()
const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' } },
  allowPositionals: true,
})
const seed = values.seed ?? String(randomInt(2 ** 31))
if (!/^\d{1,10}$/.test(seed)) {
  console.error('The seed is a whole number of at most ten digits.')
  process.exit(2)
}
const all = [...fs.globSync('test/faults/*.test.ts', { cwd: root }), 'test/worker/standby.test.ts'].sort()
const files = positionals.length === 0 ? all : all.filter((file) => positionals.some((word) => file.includes(word)))
console.log(`Seed ${seed}. To repeat: npm run test:faults -- --seed ${seed}`)
/** @param {string[]} args */
const hardhat = (...args) =>
  spawnSync('hardhat', args, {
    cwd: root,
    env: { ...environment(), FAULTS: 'full', FAULT_SEED: seed },
    stdio: 'inherit',
  }).status
// The contracts alone: those of the Solidity tests take longer to compile than all else.
const built = hardhat('build', '--no-tests')
const status = built === 0 ? hardhat('test', 'mocha', '--no-compile', ...files) : built
if (status !== 0) console.log(`\nTo repeat: npm run test:faults -- --seed ${seed}`)
process.exitCode = status ?? 1
