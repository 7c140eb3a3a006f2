/** Runs a demonstration on a machine that may have nothing installed yet. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { ensureDependencies, ensureNode, ensureSystemPackages, environment, npm, root } from './setup.mjs'

/**
 * Installs what is missing, builds contracts and SDK, runs a script and ends with its exit code.
 * @param {string} typed What the person typed.
 * @param {string} script The demonstration, from the root of the repository.
 * @param {Parameters<typeof ensureSystemPackages>[0]} needs
 * @returns {Promise<void>}
 */
export async function show(typed, script, needs) {
  ensureNode(typed)
  ensureDependencies()
  if (!ensureSystemPackages(needs)) process.exit(1)

  await build('contracts', 'the contracts')
  await build('sdk', 'the SDK')
  await build('explorer', 'the explorer')
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', join(root, script), ...process.argv.slice(2)], {
    cwd: root,
    env: environment(),
    stdio: 'inherit',
  })
  process.exit(status ?? 1)
}

/**
 * Runs one part of the build and says how long it takes, on a terminal while it goes on.
 * @param {string} part The script behind `build:`.
 * @param {string} what For people.
 */
async function build(part, what) {
  const { command, args } = npm()
  const begun = Date.now()
  const line = () => `▸ building ${what}  ${Math.round((Date.now() - begun) / 1_000)} s`
  const child = spawn(command, [...args, 'run', '--silent', `build:${part}`], { cwd: root, env: environment() })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)))
  const isTerminal = process.stdout.isTTY === true
  const timer = isTerminal ? setInterval(() => process.stdout.write(`\r${line()}`), 1_000) : undefined
  process.stdout.write(isTerminal ? line() : `▸ building ${what}\n`)
  const [code] = await once(child, 'close')
  clearInterval(timer)
  if (isTerminal) process.stdout.write(`\r${line()}\n`)
  if (code === 0) return
  console.error(`${said}\nThe build failed.`)
  process.exit(1)
}
