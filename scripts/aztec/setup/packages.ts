import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { environment, npm } from '../../lib/setup.mjs'
import { prepareNode, useLibraries } from './libraries.js'
import { AZTEC_PACKAGES, AZTEC_RELEASE, FORGE_VERSION, SOLC_BUILD, SOLC_VERSION } from './pins.js'
import { run, type Setup } from './Setup.js'

/** bcrypto has its own JavaScript beside the native module, which would have to be compiled here. */
const NO_NATIVE_CRYPTO = { NODE_BACKEND: 'js' }
const LIMIT_MS = 30 * 60_000
const ONLINE = 'It needs the npm registry: run it again when that can be reached. What is done is kept.'

/** Installs Aztec's packages and forge. No install script of theirs is run. @returns The folder. */
export async function installPackages(setup: Setup): Promise<string> {
  const folder = setup.path('packages')
  const wanted = [...AZTEC_PACKAGES, `@foundry-rs/forge@${FORGE_VERSION}`]
  const what = `Aztec ${AZTEC_RELEASE} and forge ${FORGE_VERSION} from npm: a thousand packages, 1.1 GB, about a minute`
  await setup.step('packages', what, wanted, async () => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const { command, args } = npm()
    const options = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', '--loglevel=error']
    await run(command, [...args, ...options, ...wanted], {
      cwd: folder,
      env: environment(),
      limit: LIMIT_MS,
      hint: ONLINE,
    })
  })
  return folder
}

/** Where Aztec's native prover lies in its packages. */
const BB = 'node_modules/@aztec/bb.js/build/amd64-linux/bb'

/** Aztec's native prover in a form that runs on this machine; its packages are left as they are. @returns Its path. */
export async function runnableBb(setup: Setup, packages: string): Promise<string> {
  const published = join(packages, BB)
  const { libraries } = await prepareNode(setup)
  if (libraries === undefined) return published
  const bb = setup.path('bin', 'bb')
  await setup.step('runnable', 'a copy of Aztec’s bb that uses the same C library', AZTEC_RELEASE, () =>
    useLibraries(setup, published, bb, libraries),
  )
  return bb
}

/** Puts a copy of Aztec's native prover that finds the private libraries where its packages look for it. */
export async function mendNative(setup: Setup, packages: string, libraries: string): Promise<void> {
  await setup.step('bb', 'a copy of Aztec’s bb that uses the same C library', AZTEC_RELEASE, async () => {
    const bb = join(packages, BB)
    const kept = `${bb}.published`
    if (!existsSync(kept)) await run('mv', [bb, kept], { limit: LIMIT_MS, hint: `${bb} could not be moved.` })
    await useLibraries(setup, kept, bb, libraries)
  })
}

/**
 * What the deployment script of Aztec's contracts needs of Foundry: forge, and a compiler to name. forge asks it for its version and then
 * finds that the package has everything compiled.
 * @returns Variables of the environment.
 */
export function foundryEnvironment(setup: Setup, packages: string): Readonly<Record<string, string>> {
  const solc = setup.path('bin', 'solc')
  mkdirSync(setup.path('bin'), { recursive: true })
  const lines = [
    '#!/bin/sh',
    `if [ "$1" = --version ]; then printf 'solc, the solidity compiler commandline interface\\nVersion: ${SOLC_BUILD}.Linux.g++\\n'; exit 0; fi`,
    `echo "nothing should have to be compiled; this only names solc ${SOLC_VERSION}" >&2`,
    'exit 1',
  ]
  writeFileSync(solc, `${lines.join('\n')}\n`)
  chmodSync(solc, 0o755)
  const path = [join(packages, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(':')
  return { FOUNDRY_OFFLINE: 'true', FOUNDRY_SOLC: solc, PATH: path, ...NO_NATIVE_CRYPTO }
}
