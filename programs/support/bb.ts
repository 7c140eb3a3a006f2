import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Srs } from './srs.js'

/** Aztec's prover: the native program in its npm package, taken as it is. */
export const BB = join(
  createRequire(import.meta.url).resolve('@aztec/bb.js'),
  '..',
  '..',
  '..',
  'build',
  'amd64-linux',
  'bb',
)

/** Runs bb in a fresh directory that holds `files` and, as `srs/`, the SRS; `read` reads what it wrote. */
export async function withBb<T>(
  srs: Srs,
  files: Readonly<Record<string, string | Uint8Array>>,
  work: (bb: (...args: string[]) => Promise<void>, directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'bb-'))
  try {
    for (const [name, content] of Object.entries({ ...files, 'bn254_g1.dat': srs.points }))
      await writeFile(join(directory, name), content)
    const run = promisify(execFile)
    return await work(
      async (...args) => void (await run(BB, args, { cwd: directory, env: { CRS_PATH: directory } })),
      directory,
    )
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
