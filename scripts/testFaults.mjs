/**
 * `npm run test:faults`: every test of faults, and those that a seed chooses, which `npm test` leaves out. Prints the seed; `-- --seed <number>` repeats a run.
 * `-- --runs 10` goes on with the seeds after it until one fails; `-- --lanes 1` runs one file at a time.
 */
import { randomInt } from 'node:crypto'
import fs from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

import { countTests, SUMMARY } from './lib/countTests.mjs'
import { execute } from './lib/execute.mjs'
import { ensureDependencies, ensureNode, root } from './lib/setup.mjs'

/** Tries one file in three parts: it takes longer than all others together. */
const PARTS = new Map([['test/faults/kill.test.ts', 3]])

ensureNode('npm run test:faults')
ensureDependencies()
const { values, positionals } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    runs: { type: 'string', default: '1' },
    lanes: { type: 'string', default: String(availableParallelism()) },
  },
  allowPositionals: true,
})
for (const [name, value] of Object.entries(values)) {
  if (/^\d{1,10}$/.test(value) && (name === 'seed' || Number(value) > 0)) continue
  console.error(
    `--${name} is a whole number${name === 'seed' ? '' : ' above zero'}, of at most ten digits; for example --${name} 7.`,
  )
  process.exit(2)
}
const all = [...fs.globSync('test/faults/*.test.ts', { cwd: root }), 'test/worker/standby.test.ts'].sort()
const files = positionals.length === 0 ? all : all.filter((file) => positionals.some((word) => file.includes(word)))
if (files.length === 0) {
  console.error(`No file of faults has ${positionals.join(' or ')} in its name. There are:\n${all.join('\n')}`)
  process.exit(2)
}

const pieces = files
  .flatMap((file) =>
    Array.from({ length: PARTS.get(file) ?? 1 }, (_, index) => ({ file, index, of: PARTS.get(file) ?? 1 })),
  )
  .sort((a, b) => b.of - a.of)

/**
 * Runs all pieces with a seed, in as many lanes as were asked for.
 * @param {number} seed
 * @returns {Promise<boolean>} Whether all passed.
 */
async function runWith(seed) {
  const started = performance.now()
  const waiting = [...pieces]
  const total = { passed: 0, failed: 0, skipped: 0 }
  const lane = async () => {
    for (let piece = waiting.shift(); piece !== undefined; piece = waiting.shift()) {
      const { file, index, of } = piece
      const env = { FAULTS: 'full', FAULT_SEED: String(seed), FAULT_PART: `${index + 1}/${of}` }
      const { ok, output, seconds } = await execute({
        command: 'hardhat',
        args: ['test', 'mocha', '--no-compile', file],
        env,
        result: SUMMARY,
      })
      const { passed, failed, skipped } = countTests(output)
      // A run that broke without a failing test, or found no test at all, is a failure too.
      const bad = failed > 0 || (ok && passed > 0) ? failed : 1
      total.passed += passed
      total.failed += bad
      total.skipped += skipped
      console.log(
        `▸ ${file}${of > 1 ? ` (part ${index + 1} of ${of})` : ''}, seed ${seed}: ${seconds} s\n${output.trim()}\n`,
      )
    }
  }
  await Promise.all(Array.from({ length: Number(values.lanes) }, lane))
  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  console.log(
    `Seed ${seed}: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped in ${minutes} min`,
  )
  if (total.failed > 0) console.log(`To repeat: npm run test:faults -- --seed ${seed}`)
  return total.failed === 0
}

// What the tests need: the contracts (those of the Solidity tests take longer to compile than all else), their types, and the init of virtual machines.
for (const script of ['build:contracts', 'build:sdk']) {
  const { ok, output } = await execute({ command: 'npm', args: ['run', '--silent', script] })
  if (ok) continue
  console.log(output.trim())
  process.exit(1)
}
const first = Number(values.seed)
for (let seed = first; seed < first + Number(values.runs); seed++) {
  console.log(`Seed ${seed}. To repeat: npm run test:faults -- --seed ${seed}`)
  if (await runWith(seed)) continue
  process.exitCode = 1
  break
}
