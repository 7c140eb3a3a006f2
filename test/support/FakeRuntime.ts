import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { RunJob, RunOutcome, Runtime, RuntimeCheck, Verdict } from '../../sdk/src/runtime/index.js'

/** A runtime in which nothing runs: what a program would have done is said by the test. */
export class FakeRuntime implements Runtime {
  readonly name = 'bubblewrap'
  readonly jobs: RunJob[] = []
  readonly #act: (job: RunJob) => Promise<Verdict>

  constructor(act: (job: RunJob) => Promise<Verdict>) {
    this.#act = act
  }

  check(): Promise<RuntimeCheck> {
    return Promise.resolve({ available: true, details: {} })
  }

  async run(job: RunJob): Promise<RunOutcome> {
    this.jobs.push(job)
    return { ...(await this.#act(job)), usage: { wallSeconds: 1, startSeconds: 0 }, log: 'said' }
  }
}

/** The end of a run that made a proof of so many zeros, of which the disk holds none. */
export async function provedWith(job: RunJob, size: number): Promise<Verdict> {
  const path = join(job.outputDirectory, 'proof')
  await writeFile(path, '')
  await truncate(path, size)
  return { kind: 'ok', files: [{ name: 'proof', path, size, sha256: '0'.repeat(64) }] }
}
