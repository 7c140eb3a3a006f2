import { createRequire } from 'node:module'
import { arch, platform } from 'node:process'
import { join } from 'node:path'
import { devnetError } from '../errors/codes/devnet.js'

/**
 * Finds the program of the npm package `@foundry-rs/anvil`, as the project in `directory` or the SDK itself has it installed. The program
 * itself, not the package's wrapper: a signal to the wrapper may leave the chain behind.
 * @throws GevulotError DEVNET_ANVIL_MISSING
 */
export function findAnvil(directory: string): string {
  const name = `@foundry-rs/anvil-${platform}-${arch === 'x64' ? 'amd64' : arch}`
  const file = `bin/anvil${platform === 'win32' ? '.exe' : ''}`
  for (const from of [join(directory, 'package.json'), import.meta.url]) {
    const anvil = resolved(from, '@foundry-rs/anvil/package.json')
    const binary = anvil === undefined ? undefined : resolved(anvil, `${name}/${file}`)
    if (binary !== undefined) return binary
  }
  throw devnetError('DEVNET_ANVIL_MISSING', `the package @foundry-rs/anvil is not installed in ${directory}`)
}

function resolved(from: string, specifier: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier)
  } catch {
    return undefined
  }
}
