/**
 * `npm test`: everything that must pass, on a fresh clone too. `npm test -- sdk flows` runs the named groups only, of a tree that is built.
 * Ends with one line `N passed, N failed, N skipped`; a formatting, lint, type, build or tree check counts as one.
 */
// A named import of `globSync` would keep an older Node from explaining itself.
import fs from 'node:fs'

import { countTests, SUMMARY } from './lib/countTests.mjs'
import { execute } from './lib/execute.mjs'
import { ensureDependencies, ensureNode, ensureSystemPackages, npm, root } from './lib/setup.mjs'

/**
 * Groups that run beside each other: three lanes, each in this order. Two wait for a chain's clock most of the time; in the last is all that these do not name, which computes.
 * No more: the time-outs of all are for a machine of two cores.
 */
const LANES = [['faults', 'validator', 'fleet'], ['worker', 'api', 'sdk'], []]

/**
 * @typedef {import('./lib/countTests.mjs').Counts} Counts
 * @typedef {{ name: string, command: string, args: readonly string[], repeat: string, result?: RegExp, count?: (output: string) => Counts }} Group
 */

/**
 * @param {string} name
 * @returns {Group}
 */
function npmScript(name) {
  const { command, args } = npm()
  return { name, command, args: [...args, 'run', '--silent', name], repeat: `npm run ${name}` }
}

/**
 * @param {string} name
 * @param {readonly string[]} args
 * @returns {Group}
 */
function hardhatTest(name, args) {
  const repeat = `npm test -- ${name}`
  return { name, command: 'hardhat', args: ['test', ...args], repeat, result: SUMMARY, count: countTests }
}

/** @returns {Group[]} */
function solidityGroups() {
  return fs.globSync('test/**/*.t.sol', { cwd: root }).length === 0 ? [] : [hardhatTest('solidity', ['solidity'])]
}

/** Each folder of `test/` with `*.test.ts` files is a group. @returns {Group[]} */
function mochaGroups() {
  const files = fs.globSync('test/*/**/*.test.ts', { cwd: root }).sort()
  const byFolder = Map.groupBy(files, (file) => file.split('/')[1] ?? '')
  // All of them find everything compiled: two that compile at a time would write the same files.
  return [...byFolder].map(([name, members]) => hardhatTest(name, ['mocha', '--no-compile', ...members]))
}

/**
 * Runs a group and prints a line at its begin and one at its end, followed by its output if it failed and by its reasons if it skipped.
 * @param {Group} group
 * @returns {Promise<Counts>}
 */
async function report(group) {
  console.log(`▹ ${group.name}`)
  const { ok, output, seconds } = await execute(group)
  const counts = group.count?.(output) ?? { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }
  // A run that broke without a failing test, or found no test at all, is a failure too.
  if (counts.failed === 0 && (!ok || counts.passed + counts.skipped === 0)) counts.failed = 1
  const { passed, failed, skipped } = counts
  const what = group.count === undefined ? (ok ? 'ok' : 'FAILED') : `${passed} passed`
  const rest = [failed > 0 && group.count ? `${failed} FAILED` : '', skipped > 0 ? `${skipped} skipped` : '']
  console.log(`▸ ${group.name.padEnd(14)} ${[what, ...rest.filter(Boolean)].join(', ')} (${seconds} s)`)
  if (failed > 0) console.log(`\n${output.trim()}\n\n  To repeat: ${group.repeat}\n`)
  else if (skipped > 0) console.log(output.match(/^(?!\s*\d+ skipped).*\bskip.*$/gim)?.join('\n') ?? '')
  return counts
}

ensureNode('npm test')
ensureDependencies()
ensureSystemPackages({ runtimes: ['bubblewrap', 'linux', 'programs', 'languages', 'postgres', 'browser'] })

/** Each needs what the one before it leaves: the build comes before what reads its types, the mocks that the others deploy come last. */
const inOrder = [...['format:check', 'build', 'lint', 'types'].map(npmScript), ...solidityGroups(), npmScript('checks')]
const beside = mochaGroups()
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => ![...inOrder, ...beside].some((group) => group.name === name))
if (unknown.length > 0) {
  const names = [...inOrder, ...beside].map(({ name }) => name)
  console.error(`No such group: ${unknown.join(', ')}. There are: ${names.join(', ')}`)
  process.exit(2)
}

const total = { passed: 0, failed: 0, skipped: 0 }

/** @param {readonly Group[]} groups */
async function oneByOne(groups) {
  for (const group of groups) {
    const { passed, failed, skipped } = await report(group)
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
  }
}

/** @param {Group} group */
const isWanted = ({ name }) => wanted.length === 0 || wanted.includes(name)
await oneByOne(inOrder.filter(isWanted))

const named = LANES.flat()
const lanes = LANES.map((names) => {
  const groups = beside.filter(({ name }) => (names.length > 0 ? names.includes(name) : !named.includes(name)))
  return groups.filter(isWanted).sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
})
if (lanes.flat().length > 0) {
  const { ok, output } = await execute({ command: 'hardhat', args: ['build'] })
  if (!ok) {
    console.log(output.trim())
    process.exit(1)
  }
}
await Promise.all(lanes.map(oneByOne))
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1
