import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const DIRECTORY = join(dirname(fileURLToPath(import.meta.url)), '../../sdk/src/runtime/linux/init')

/** Without a C library, and without anything that another folder or another hour would change. */
const FLAGS = [
  '-Os', '-Wall', '-Wextra', '-Werror', '-ffreestanding', '-fno-builtin', '-fno-tree-loop-distribute-patterns',
  '-fno-stack-protector', '-fno-asynchronous-unwind-tables', '-fno-pie', '-no-pie', '-nostdlib', '-static', '-s',
  '-Wl,--build-id=none', '-Wl,-z,noseparate-code',
] // prettier-ignore

/**
 * Compiles the init of the Linux microVM beside its source, or to `path`. The same compiler makes the same bytes of it. Where there
 * is no compiler the runtime `linux` is left out, and says so when it is asked for.
 */
export function compileInit(path = join(DIRECTORY, 'init')): void {
  rmSync(path, { force: true })
  const { error, status } = spawnSync('cc', [...FLAGS, '-o', path, join(DIRECTORY, 'init.c')], { stdio: 'inherit' })
  if (error !== undefined) console.warn(`No C compiler (${error.message}): the runtime \`linux\` is left out.`)
  else if (status !== 0) throw new Error('init.c could not be compiled; on Debian: apt-get install gcc libc6-dev')
}
