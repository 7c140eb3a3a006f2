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

/** A run in one runtime: what it ran with, what proving and verifying took. */
interface RecordedRun {
  readonly runtime: RuntimeName
  readonly with: Readonly<Record<string, string>>
  readonly verify: object
}

/** What is read of an earlier record. */
interface Recorded {
  readonly packages: { readonly prover: string; readonly verifier: string }
  readonly proof: string
  readonly runs: readonly RecordedRun[]
}

/** On the command line: the verifier package is new and the prover package is not, so nothing is proved again. */
const VERIFIER = '--verifier'

/**
 * Proves and verifies a sample in every runtime, or in those that the command line names, and writes down what was seen, with the last
 * proof. In `nanos` too where NANOS_KERNEL names a kernel. Runs of the same packages in other runtimes stay in the record. With
 * `--verifier` the runs of the record keep their proofs, and their runtimes verify the recorded one with the new package.
 */
export async function recordRun({ folder, sample, files, build }: Recording): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'record-'))
  try {
    const store = new DirectoryStore(join(directory, 'store'))
    const program = await build(store)
    const path = `programs/${folder}/recorded-run.json`
    const packages = { prover: program.prover.digest, verifier: program.verifier.digest }
    const earlier = await readRecord(path)
    const verifierOnly = process.argv.includes(VERIFIER)
    if (verifierOnly && earlier?.packages.prover !== packages.prover)
      throw new Error(`the record is of another prover package: record without ${VERIFIER}`)
    const same = verifierOnly || JSON.stringify(earlier?.packages) === JSON.stringify(packages)
    const runs = new Map((same ? (earlier?.runs ?? []) : []).map((run) => [run.runtime, run]))
    const named = process.argv.slice(2) as RuntimeName[]
    const all: RuntimeName[] = [
      'linux',
      ...(process.env['NANOS_KERNEL'] === undefined ? [] : (['nanos'] as const)),
      'bubblewrap',
    ]
    const names = verifierOnly ? [...runs.keys()] : named.length > 0 ? named : all
    let proof: Uint8Array = Buffer.from(earlier?.proof ?? '', 'hex')
    for (const name of names) {
      const runtime = createRuntime(name, { cacheDirectory: join(directory, 'runtime') })
      const check = await runtime.check()
      if (!check.available) throw new Error(`${name}: ${check.reason} (${check.fix})`)
      // Versions and digests, but no places of this machine.
      const made = Object.fromEntries(Object.entries(check.details).filter(([, value]) => !value.startsWith('/')))
      const context = { ...CONTEXT, seconds: SECONDS, cacheDirectory: join(directory, 'packages') }
      const before = verifierOnly ? runs.get(name) : undefined
      if (before !== undefined && JSON.stringify(before.with) !== JSON.stringify(made))
        throw new Error(`${name} is not what the record was made with: record without ${VERIFIER}`)
      const seen: { date: string; prove?: object; proofSha256?: string } = { date: today() }
      if (before === undefined) {
        const { files: out, outcome } = await runPackage(runtime, program.prover, store, files, context)
        console.log(name, outcome.kind, outcome.usage)
        if (outcome.kind !== 'ok') throw new Error(`${outcome.kind}: ${outcome.log}`)
        proof = out.get('proof') ?? new Uint8Array()
        Object.assign(seen, { prove: outcome.usage, proofSha256: sha256(proof) })
      }
      const { outcome } = await runPackage(runtime, program.verifier, store, { ...files, proof }, context)
      console.log(name, outcome.kind, outcome.usage)
      if (outcome.kind !== 'valid') throw new Error(`${outcome.kind}: ${outcome.log}`)
      runs.set(name, { runtime: name, with: made, ...before, ...seen, verify: outcome.usage })
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

async function readRecord(path: string): Promise<Recorded | undefined> {
  const text = await readFile(join(REPOSITORY, path), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Recorded)
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
