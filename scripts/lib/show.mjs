/** Runs a demonstration on a machine that may have nothing installed yet. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { ensureDependencies, ensureNode, ensureSystemPackages, environment, npm, root } from './setup.mjs'

/**
 * Installs what is missing, builds contracts and SDK, runs a script and ends with its exit code.
 * @param {string} typed What the person typed.
 * @param {string} script The demonstration, from the root of the repository.
 * @param {Parameters<typeof ensureSystemPackages>[0]} needs
 */
export function show(typed, script, needs) {
  ensureNode(typed)
  ensureDependencies()
  if (!ensureSystemPackages(needs)) process.exit(1)

  const { command, args } = npm()
  console.log('▸ building the contracts and the SDK')
  const built = spawnSync(command, [...args, 'run', '--silent', 'build'], {
    cwd: root,
    env: environment(),
    encoding: 'utf8',
  })
  if (built.status !== 0) {
    console.error(`${built.stdout}${built.stderr}\nThe build failed.`)
    process.exit(1)
  }
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', join(root, script), ...process.argv.slice(2)], {
    cwd: root,
    env: environment(),
    stdio: 'inherit',
  })
  process.exit(status ?? 1)
}
