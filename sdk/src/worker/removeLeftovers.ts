import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../content/writeAtomically.js'

/** Where a worker's runs, a runner's tasks and puzzles have their files; all of them begin anew at a start. */
const WORK = ['work', 'puzzles', join('runner', 'work')]

/** Removes what a process that was killed has left in a data directory, which its caller has locked: runs, and bundles that are not whole. */
export async function removeLeftovers(dataDirectory: string): Promise<void> {
  const bundles = join(dataDirectory, 'bundles')
  const unfinished = (await namesIn(bundles)).filter((name) => name.endsWith('.tmp'))
  const paths = [...WORK.map((name) => join(dataDirectory, name)), ...unfinished.map((name) => join(bundles, name))]
  for (const path of paths) await rm(path, { recursive: true, force: true })
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  })
}
