import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { RunJob, RunOutcome, Runtime, RuntimeCheck } from '../../sdk/src/runtime/index.js'

const RECORD = { usage: { wallSeconds: 1, startSeconds: 0 }, log: '' }

/** Stands where programs run: a test decides when each run ends, and how. */
export class ScriptedRuntime implements Runtime {
  readonly name = 'linux'
  readonly #play: (job: RunJob) => Promise<RunOutcome>

  constructor(play: (job: RunJob) => Promise<RunOutcome>) {
    this.#play = play
  }

  check(): Promise<RuntimeCheck> {
    return Promise.resolve({ available: true, details: {} })
  }

  run(job: RunJob): Promise<RunOutcome> {
    return this.#play(job)
  }
}

/** A run whose proof consists of these bytes. */
export async function proves(job: RunJob, proof: string): Promise<RunOutcome> {
  const path = join(job.outputDirectory, 'proof')
  await writeFile(path, proof)
  const sha256 = createHash('sha256').update(proof).digest('hex')
  return { kind: 'ok', files: [{ name: 'proof', path, size: proof.length, sha256 }], ...RECORD }
}

/** A run that ends without a proof. */
export function ends(kind: 'aborted' | 'timeout' | 'crash'): RunOutcome {
  return { kind, ...RECORD }
}
