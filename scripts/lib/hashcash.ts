import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import { root } from './artifacts.js'

/** The source of the devnet's example prover. */
export const hashcashSource = join(root, 'sdk/src/devnet/example/hashcash.c')

/** Compiles the devnet's example prover, which needs no library. */
export function compileHashcash(output: string): void {
  const flags = [
    '-O1',
    '-Wall',
    '-Werror',
    '-static',
    '-nostdlib',
    '-ffreestanding',
    '-fno-stack-protector',
    '-fno-pie',
  ]
  flags.push('-no-pie', '-fno-tree-loop-distribute-patterns', '-fcf-protection=none', '-s', '-Wl,--build-id=none')
  execFileSync('cc', [...flags, '-o', output, hashcashSource], { stdio: 'inherit' })
}
