import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import { compileHashcash } from '../../../scripts/lib/hashcash.js'

/** Compiles `hashcash`, the devnet's example, or one of the guest programs beside this file into an x86-64 ELF; returns its path. */
export function compileGuest(name: string, directory: string, linking: 'static' | 'dynamic' = 'static'): string {
  const path = join(directory, `${name}-${linking}`)
  if (name === 'hashcash') {
    compileHashcash(path)
    return path
  }
  const source = join(import.meta.dirname, `${name}.c`)
  execFileSync(
    'cc',
    ['-O1', ...(linking === 'static' ? ['-static'] : []), '-pthread', '-Wall', '-Werror', '-o', path, source],
    { stdio: 'inherit' },
  )
  return path
}
