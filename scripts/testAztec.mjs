/**
 * `npm run test:aztec`: the adapter's cases against Aztec's own broker, JSON-RPC server, decoders and circuits, as published on npm. Installs the pinned
 * set in a folder of its own, outside `npm ci` (AZTEC_PACKAGES, by default .gevulot/aztec-<release>), says what it does and how long it took, and ends.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { ensureDependencies, ensureNode, environment, npm, root } from './lib/setup.mjs'

/** The release of which npm has every package, and no later one. */
const RELEASE = '4.1.2'
const PACKAGE = `@aztec/prover-client@${RELEASE}`
const INSTALL_LIMIT_MS = 15 * 60_000
const BUILD_LIMIT_MS = 30 * 60_000
const TEST_LIMIT_MS = 30 * 60_000

/**
 * Does a part of it, and ends with 1 if that fails.
 * @param {string} what
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, limit: number }} options
 */
async function step(what, command, args, { cwd, env, limit }) {
  const started = performance.now()
  console.log(`▸ ${what}`)
  const child = spawn(command, args, { cwd, env, stdio: 'inherit', signal: AbortSignal.timeout(limit) })
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
    child.on('close', resolve)
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.log(`▸ ${code === 0 ? 'done' : 'FAILED'} in ${seconds} s`)
  if (code !== 0) process.exit(1)
}

ensureNode('npm run test:aztec')
ensureDependencies()
const named = process.env['AZTEC_PACKAGES']
const folder = named ?? join(root, `.gevulot/aztec-${RELEASE}`)
const { command, args } = npm()
// An install that was interrupted leaves the package there and others out.
const mark = join(folder, `prover-client-${RELEASE}.done`)
const isNamedAndFull = named !== undefined && existsSync(join(folder, 'node_modules/@aztec/prover-client/package.json'))
if (existsSync(mark) || isNamedAndFull) {
  console.log(`▸ ${PACKAGE} is in ${folder}`)
} else {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const install = [...args, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', PACKAGE]
  await step(`Installing ${PACKAGE} in ${folder}: 465 packages, 721 MB, about half a minute`, command, install, {
    ...{ cwd: folder, env: environment(), limit: INSTALL_LIMIT_MS },
  })
  writeFileSync(mark, '')
}
// A fresh clone has neither the contracts' types, which the tests import, nor the SDK, which the page's commands run.
await step('Building the contracts and the SDK: a minute or two', command, [...args, 'run', '--silent', 'build'], {
  ...{ cwd: root, env: environment(), limit: BUILD_LIMIT_MS },
})
await step(
  "The adapter's cases, and the page's ten minutes, against Aztec's own broker: some minutes",
  'hardhat',
  [
    'test',
    'mocha',
    '--no-compile',
    'test/aztec/realBroker.test.ts',
    'test/aztec/proving.test.ts',
    'test/package/aztecGuide.test.ts',
  ],
  {
    ...{ cwd: root, env: { ...environment(), AZTEC_PACKAGES: folder }, limit: TEST_LIMIT_MS },
  },
)
