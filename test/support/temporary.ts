import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeDirectory } from './removeDirectory.js'

/** Gives a test suite its own directory; call it inside `describe`. The directory exists while tests run, and their `after` hooks, wherever they stand. */
export function useTemporaryDirectory(): () => string {
  let directory = ''
  before(async function () {
    directory = await mkdtemp(join(tmpdir(), 'gevulot-test-'))
    // Behind all hooks that were written down: what runs in the directory has to be stopped first.
    this.test?.parent?.afterAll(() => removeDirectory(directory))
  })
  return () => directory
}
