import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

/** `/in/job.json`. Source: docs/program-contract.md. */
export interface Job {
  readonly schema: 'gevulot/job@1'
  readonly workload: string
  readonly role: 'prove' | 'verify'
  readonly nonce: string
  readonly args: readonly string[]
  readonly prover: string
}

/** What a guest answers. */
export type Outcome =
  | { readonly status: 'ok'; readonly files: Readonly<Record<string, Uint8Array>> }
  | { readonly status: 'valid' }
  | { readonly status: 'error' | 'invalid'; readonly error: string }

/**
 * The main loop of a guest: reads the job, does the work, writes the files and last the result. What a prover throws is its answer: the
 * requester reads why there is no proof. A verifier that throws ends without one on purpose: only a verdict is an answer.
 */
export async function runJob(
  work: (read: (name: string) => Uint8Array, job: Job) => Outcome | Promise<Outcome>,
): Promise<void> {
  const job = JSON.parse(readFileSync('/in/job.json', 'utf8')) as Job
  const outcome = await answer(work, job)
  const files = Object.entries(outcome.status === 'ok' ? outcome.files : {}).map(([name, bytes]) => {
    writeFileSync(`/out/${name}`, bytes)
    return { name, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  })
  const { status } = outcome
  const error = 'error' in outcome ? { error: outcome.error } : {}
  writeFileSync(
    '/out/result.json',
    JSON.stringify({ schema: 'gevulot/result@1', nonce: job.nonce, status, ...error, files }),
  )
}

async function answer(work: Parameters<typeof runJob>[0], job: Job): Promise<Outcome> {
  try {
    return await work(readInput, job)
  } catch (error) {
    // Said here: the interpreter would print the whole line of the bundle before the reason, and may be cut off in it.
    console.error(error)
    if (job.role !== 'prove') process.exit(1)
    return { status: 'error', error: error instanceof Error ? error.message : String(error) }
  }
}

function readInput(name: string): Uint8Array {
  try {
    return readFileSync(`/in/${name}`)
  } catch (cause) {
    throw new Error(`the file /in/${name} is missing or cannot be read`, { cause })
  }
}
