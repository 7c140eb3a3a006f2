import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Trial } from '../../runtime/tryPackage.js'
import { tryPackage } from '../../runtime/tryPackage.js'
import { workerError } from '../../errors/codes/worker.js'

/** A trial of a puzzle's program; the statement is made here. */
export interface ProofMeasurement extends Omit<Trial, 'inputs' | 'outputDirectory'> {
  /** How often to prove, each time another statement. */
  readonly runs: number
  /** Told after each run how many are done. */
  readonly onRun?: (done: number) => void
}

// `ProofPuzzle.statementOf`: one word, the seed without its lowest eight bits.
const STATEMENT_BYTES = 32

/**
 * Measures how long this machine takes to solve a `ProofPuzzle`: runs its program on random statements, as a worker would in a check. A time is that
 * from the call to the program's end, start of sandbox or virtual machine included.
 * @returns Seconds, one a run.
 * @throws GevulotError WORKER_PUZZLE_UNSOLVED when a run ends without a proof, and what `tryPackage` throws
 */
export async function measureProofTimes({ runs, onRun, ...trial }: ProofMeasurement): Promise<number[]> {
  const times: number[] = []
  await mkdir(trial.cacheDirectory, { recursive: true })
  const scratch = await mkdtemp(join(trial.cacheDirectory, 'calibrate-'))
  try {
    const path = join(scratch, 'public_inputs')
    while (times.length < runs) {
      await writeFile(path, Buffer.concat([Buffer.alloc(1), randomBytes(STATEMENT_BYTES - 1)]))
      const { outcome } = await tryPackage({
        ...trial,
        inputs: [{ name: 'public_inputs', path }],
        outputDirectory: join(scratch, String(times.length)),
      })
      if (outcome.kind !== 'ok' || !outcome.files.some(({ name }) => name === 'proof')) {
        throw workerError('WORKER_PUZZLE_UNSOLVED', `the puzzle's program ended as ${outcome.kind} without a proof`)
      }
      times.push(outcome.usage.startSeconds + outcome.usage.wallSeconds)
      onRun?.(times.length)
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  return times
}
