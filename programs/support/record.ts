import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'

import { type ContentStore, DirectoryStore } from '../../sdk/src/content/index.js'
import { createRuntime } from '../../sdk/src/runtime/index.js'
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

const CONTEXT = { workload: `0x${'a7'.repeat(32)}`, prover: `0x${'b3'.repeat(20)}` }

/**
 * Proves and verifies a sample in every runtime and writes down what was seen, with the last proof. In `nanos` too where NANOS_KERNEL names
 * a kernel.
 */
export async function recordRun({ folder, sample, files, build }: Recording): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'record-'))
  try {
    const store = new DirectoryStore(join(directory, 'store'))
    const program = await build(store)
    const names = ['linux', ...(process.env['NANOS_KERNEL'] === undefined ? [] : (['nanos'] as const)), 'bubblewrap']
    const runs: object[] = []
    let proof: Uint8Array = new Uint8Array()
    for (const name of names as ReadonlyArray<'linux' | 'nanos' | 'bubblewrap'>) {
      const runtime = createRuntime(name, { cacheDirectory: join(directory, 'runtime') })
      const proved = await runPackage(runtime, program.prover, store, files, CONTEXT)
      proof = proved.files.get('proof') ?? new Uint8Array()
      const verified = await runPackage(runtime, program.verifier, store, { ...files, proof }, CONTEXT)
      for (const { outcome } of [proved, verified]) {
        console.log(name, outcome.kind, outcome.usage)
        if (outcome.kind !== 'ok' && outcome.kind !== 'valid') throw new Error(`${outcome.kind}: ${outcome.log}`)
      }
      runs.push({ runtime: name, prove: proved.outcome.usage, verify: verified.outcome.usage })
    }
    const record = {
      date: new Date().toISOString().slice(0, 10),
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
      sample,
      ...CONTEXT,
      publicInputs: Buffer.from(files.public_inputs).toString('hex'),
      proof: Buffer.from(proof).toString('hex'),
      runs,
    }
    const path = `programs/${folder}/recorded-run.json`
    await writeFile(join(REPOSITORY, path), await formatted(JSON.stringify(record), path))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
