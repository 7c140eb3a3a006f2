import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { fetchPackage, type BuiltPackage, type ContentStore } from '../../sdk/src/content/index.js'

/** The workload and the prover of every job here, and of every call of a verifier contract. */
export const CONTEXT = { workload: `0x${'11'.repeat(32)}`, prover: `0x${'22'.repeat(20)}` }

/** `PROGRAM_TESTS=full`: try what a usual run takes samples of, see docs/testing.md. */
export const FULL = process.env['PROGRAM_TESTS'] === 'full'

/** Time-out of tests with thousands of verifications, or with a compiler's run, on a busy machine; in full, tens of thousands. */
export const LIMIT_MS = FULL ? 4 * 3_600_000 : 900_000

/** What a program left behind. */
export interface Run {
  /** Exit code, or the name of the signal. */
  readonly exit: number | string
  readonly logs: string
  /** Files in `/out`. */
  readonly out: ReadonlyMap<string, Buffer>
  /** What the program means: from `result.json`, or from the exit code of a command package. */
  readonly verdict: string
}

/**
 * Runs packages with nothing but `/app`, `/in` and `/out`: no host file, library, network, `/proc` or environment variable is there,
 * so a package that runs here is complete.
 */
export class Sandbox {
  readonly #root: string
  readonly #store: ContentStore
  #runs = 0

  constructor(root: string, store: ContentStore) {
    this.#root = root
    this.#store = store
  }

  async run(built: BuiltPackage, inputs: Readonly<Record<string, Uint8Array>>): Promise<Run> {
    const { files, manifest } = await fetchPackage(built.digest, this.#store, join(this.#root, 'cache'))
    const directory = join(this.#root, `run-${++this.#runs}`)
    const [input, output] = [join(directory, 'in'), join(directory, 'out')]
    await mkdir(input, { recursive: true })
    await mkdir(output)
    const job = {
      schema: 'gevulot/job@1',
      ...CONTEXT,
      role: manifest.role,
      nonce: 'ab',
      args: [],
    }
    for (const [name, bytes] of Object.entries({ ...inputs, 'job.json': JSON.stringify(job) }))
      await writeFile(join(input, name), bytes)

    const { exit, logs } = await execute([
      ...['--unshare-all', '--die-with-parent', '--clearenv', '--chdir', '/'],
      ...['--ro-bind', files, '/app', '--ro-bind', input, '/in', '--bind', output, '/out'],
      ...Object.entries(manifest.env).flatMap(([name, value]) => ['--setenv', name, value]),
      ...['--', ...manifest.argv],
    ])
    const out = new Map<string, Buffer>()
    for (const name of await readdir(output)) out.set(name, await readFile(join(output, name)))
    await rm(directory, { recursive: true })
    const verdict = manifest.command
      ? (manifest.command.exit[exit] ?? 'failed')
      : exit === 0
        ? statusOf(out.get('result.json'))
        : 'failed'
    return { exit, logs, out, verdict }
  }
}

/** Whether this machine can make such a sandbox. */
export async function sandboxWorks(): Promise<boolean> {
  const probe = ['--unshare-all', '--ro-bind', '/', '/', '--', '/bin/true']
  return execute(probe).then(({ exit }) => exit === 0).catch(() => false) // prettier-ignore
}

function statusOf(result: Buffer | undefined): string {
  if (result === undefined) return 'failed'
  return (JSON.parse(result.toString()) as { status: string }).status
}

function execute(argv: readonly string[]): Promise<{ exit: number | string; logs: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('bwrap', argv, { stdio: ['ignore', 'pipe', 'pipe'] })
    let logs = ''
    const collect = (chunk: Buffer): void => {
      logs += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ exit: code ?? signal ?? 'unknown', logs }))
  })
}
