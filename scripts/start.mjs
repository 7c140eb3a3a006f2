/** `npm start`: installs what is missing, builds, and shows the network at work on this machine. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { ensureDependencies, ensureNode, ensureSystemPackages, environment, npm, root } from './lib/setup.mjs'

ensureNode('npm start')
ensureDependencies()
if (!ensureSystemPackages({ runtimes: ['bubblewrap', 'linux'] })) process.exit(1)

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
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', join(root, 'scripts/demo/main.ts'), ...process.argv.slice(2)],
  { cwd: root, env: environment(), stdio: 'inherit' },
)
process.exit(status ?? 1)
