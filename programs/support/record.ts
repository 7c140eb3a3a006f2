import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'

import { type ContentStore, DirectoryStore } from '../../sdk/src/content/index.js'
import { createRuntime, type RuntimeName } from '../../sdk/src/runtime/index.js'
import { formatted, REPOSITORY } from './pinned.js'
import type { BuiltProgram } from './program.js'
import { runPackage } from './run.js'

/** What to run for the record of a program. */
export interface Recording {
  /** Folder below `programs/`, where `recorded-run.json` goes. */
  readonly folder: string
  /** Which sample it is, for people. */
  readonly sample: string
  readonly files: Readonly<Record<string, Uint8Array>> & { readonly public_inputs: Uint8Array }
  readonly build: (store: ContentStore) => Promise<BuiltProgram>
}

/** An emulated processor is several times slower than this machine's, and the heaviest program takes a minute on this one. */
const SECONDS = 3600
const CONTEXT = { workload: `0x${'a7'.repeat(32)}`, prover: `0x${'b3'.repeat(20)}` }

/** A run in one runtime. */
interface RecordedRun {
  readonly runtime: RuntimeName
}

/**
 * Proves and verifies a sample in every runtime, or in those that the command line names, and writes down what was seen, with the last
 * proof. In `nanos` too where NANOS_KERNEL names a kernel. Runs of the same packages in other runtimes stay in the record.
 */
export async function recordRun({ folder, sample, files, build }: Recording): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'record-'))
  try {
    const store = new DirectoryStore(join(directory, 'store'))
    const program = await build(store)
    const path = `programs/${folder}/recorded-run.json`
    const packages = { prover: program.prover.digest, verifier: program.verifier.digest }
    const runs = new Map((await earlierRuns(path, packages)).map((run) => [run.runtime, run]))
    const named = process.argv.slice(2) as RuntimeName[]
    const all: RuntimeName[] = [
      'linux',
      ...(process.env['NANOS_KERNEL'] === undefined ? [] : (['nanos'] as const)),
      'bubblewrap',
    ]
    let proof: Uint8Array = new Uint8Array()
    for (const name of named.length > 0 ? named : all) {
      const runtime = createRuntime(name, { cacheDirectory: join(directory, 'runtime') })
      const check = await runtime.check()
      if (!check.available) throw new Error(`${name}: ${check.reason} (${check.fix})`)
      const context = { ...CONTEXT, seconds: SECONDS, cacheDirectory: join(directory, 'packages') }
      const proved = await runPackage(runtime, program.prover, store, files, context)
      proof = proved.files.get('proof') ?? new Uint8Array()
      const verified = await runPackage(runtime, program.verifier, store, { ...files, proof }, context)
      for (const { outcome } of [proved, verified]) {
        console.log(name, outcome.kind, outcome.usage)
        if (outcome.kind !== 'ok' && outcome.kind !== 'valid') throw new Error(`${outcome.kind}: ${outcome.log}`)
      }
      // Versions and digests, but no places of this machine.
      const made = Object.entries(check.details).filter(([, value]) => !value.startsWith('/'))
      const usage = { prove: proved.outcome.usage, verify: verified.outcome.usage }
      const run = { runtime: name, date: today(), with: Object.fromEntries(made), ...usage, proofSha256: sha256(proof) }
      runs.set(name, run)
    }
    const record = {
      date: today(),
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
      sample,
      variant: program.variant,
      packages,
      ...CONTEXT,
      publicInputs: Buffer.from(files.public_inputs).toString('hex'),
      proof: Buffer.from(proof).toString('hex'),
      runs: [...runs.values()].sort((a, b) => (a.runtime < b.runtime ? -1 : 1)),
    }
    await writeFile(join(REPOSITORY, path), await formatted(JSON.stringify(record), path))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function earlierRuns(path: string, packages: object): Promise<RecordedRun[]> {
  const text = await readFile(join(REPOSITORY, path), 'utf8').catch(() => '{}')
  const record = JSON.parse(text) as { packages?: object; runs?: RecordedRun[] }
  return JSON.stringify(record.packages) === JSON.stringify(packages) ? (record.runs ?? []) : []
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
