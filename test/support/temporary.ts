import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Gives a test suite its own directory; call it inside `describe`. The directory exists while tests run. */
export function useTemporaryDirectory(): () => string {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gevulot-test-'))
  })
  after(async () => {
    await rm(directory, { recursive: true, force: true })
  })
  return () => directory
}
